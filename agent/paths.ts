// The file calls that take a path and hold nothing, as the target sees the path: this process has the
// target's root by now. A failed call answers with its errno name.

import { type BigIntStats, type Dirent, promises as fs } from 'node:fs';
import { RemoteError } from '../src/protocol/failure.ts';
import { maxPayloadBytes } from '../src/protocol/frame.ts';
import type { ReplyOf, RequestOf, Stat } from '../src/protocol/schema.ts';

export async function stat({ path, follow }: RequestOf<'stat'>): Promise<ReplyOf<'stat'>> {
  return { stat: toStat(await (follow ? fs.stat : fs.lstat)(path, { bigint: true })) };
}

export async function access({ path, mode }: RequestOf<'access'>): Promise<ReplyOf<'access'>> {
  await fs.access(path, mode);
  return {};
}

export async function readDirectory({ path }: RequestOf<'readDirectory'>): Promise<ReplyOf<'readDirectory'>> {
  // Buffers, as a name need not be UTF-8.
  const found = await fs.readdir(path, { withFileTypes: true, encoding: 'buffer' });
  const entries = found.map((entry) => ({ name: entry.name, type: direntType(entry) }));
  const bytes = entries.reduce((sum, { name }) => sum + name.length + 5, 4);
  if (bytes > maxPayloadBytes) throw new RemoteError('EOVERFLOW', `a folder of ${entries.length} entries is too large`);
  return { entries };
}

export async function readLink({ path }: RequestOf<'readLink'>): Promise<ReplyOf<'readLink'>> {
  return { target: await fs.readlink(path, { encoding: 'buffer' }) };
}

export async function realPath({ path }: RequestOf<'realPath'>): Promise<ReplyOf<'realPath'>> {
  return { path: await fs.realpath(path, { encoding: 'buffer' }) };
}

/** Entries that vanish while they are looked at are as if they had not been there. */
export async function inspect({ path }: RequestOf<'inspect'>): Promise<ReplyOf<'inspect'>> {
  const stats = await fs.stat(path, { bigint: true });
  if (!stats.isDirectory()) return { folder: false, entries: [toEntry(lastPart(path), stats)] };
  const names = await fs.readdir(path, { encoding: 'buffer' });
  const entries = await Promise.all(
    names.map(async (name) => {
      const entry = await fs.lstat(Buffer.concat([path, slash, name]), { bigint: true }).catch(() => undefined);
      return entry === undefined ? [] : [toEntry(name, entry)];
    }),
  );
  return { folder: true, entries: entries.flat() };
}

const slash = Buffer.from('/');

function lastPart(path: Buffer): Buffer {
  return path.subarray(path.lastIndexOf(slash) + 1);
}

function toEntry(name: Buffer, { ino, size, mtimeNs }: BigIntStats) {
  return { name, ino, size, mtimeNs };
}

/** The numbers are UV_DIRENT_* of libuv's uv.h, which Node's own fs binding uses. */
function direntType(entry: Dirent<Buffer>): number {
  if (entry.isFile()) return 1;
  if (entry.isDirectory()) return 2;
  if (entry.isSymbolicLink()) return 3;
  if (entry.isFIFO()) return 4;
  if (entry.isSocket()) return 5;
  if (entry.isCharacterDevice()) return 6;
  if (entry.isBlockDevice()) return 7;
  return 0;
}

export function toStat(stats: BigIntStats): Stat {
  const { dev, mode, nlink, uid, gid, rdev, blksize, ino, size, blocks } = stats;
  return {
    ...{ dev, mode, nlink, uid, gid, rdev, blksize, ino, size, blocks },
    atimeNs: stats.atimeNs,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    birthtimeNs: stats.birthtimeNs,
  };
}
