// Answers that the kernel has in memory: an open for reading of a small file, and a stat, without a way to the thread
// pool and back. Only on file systems of the node: on one of a network, opening alone can wait for a server.

import { constants, promises as fs } from 'node:fs';
import { constants as system } from 'node:os';
import type { ReplyOf, RequestOf, Stat } from '../src/protocol/schema.ts';
import type { Addon } from './addon.ts';

const tmpfs = 0x01021994n;
/** Of the node, by statfs(2)'s type: ext, xfs, btrfs, overlayfs, f2fs (linux/magic.h). */
const diskTypes = new Set([0xef53n, 0x58465342n, 0x9123683en, 0x794c7630n, 0xf2f52010n]);

/** What a device is: of memory, a disk of the node, or one that may wait for a server. */
type Device = 'memory' | 'disk' | 'unknown';

/** The flags of open(2) with which a file is read as without them, besides O_RDONLY, which is 0. */
const harmless = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY | 0o2100000; // O_CLOEXEC, O_LARGEFILE

const { EOPNOTSUPP } = system.errno;

/** What can be read without waiting, in bytes: more would hold the other sessions up. */
const maxBytes = 256 * 1024;

export class Cached {
  #addon: Pick<Addon, 'readCached' | 'statCached'>;
  #stat = new BigInt64Array(14);
  #buffer = Buffer.allocUnsafeSlow(maxBytes + 1);
  /** By number. */
  #devices = new Map<bigint, Device>();

  constructor(addon: Pick<Addon, 'readCached' | 'statCached'>) {
    this.#addon = addon;
  }

  /** @returns undefined where it would have to wait, and for an error */
  openFile({ path, flags, prefetchBytes }: RequestOf<'openFile'>): ReplyOf<'openFile'> | undefined {
    if (prefetchBytes === 0 || (flags & ~harmless) !== 0) return undefined;
    const limit = Math.min(prefetchBytes, maxBytes);
    const data = this.#buffer.subarray(0, limit + 1);
    const read = (isMemory: boolean) => this.#addon.readCached(path, flags, this.#stat, data, isMemory);
    let count = read(false);
    if (count === -EOPNOTSUPP && this.#deviceOf(path) === 'memory') count = read(true);
    if (count < 0 || count > limit || BigInt(count) !== this.#stat[8] || !this.#isNear(path)) return undefined;
    return { handle: 0, stat: toStat(this.#stat), data: Buffer.from(data.subarray(0, count)), whole: true };
  }

  stat({ path, follow }: RequestOf<'stat'>): ReplyOf<'stat'> | undefined {
    return this.#isThere(path, follow) && this.#isNear(path) ? { stat: toStat(this.#stat) } : undefined;
  }

  access({ path, mode }: RequestOf<'access'>): ReplyOf<'access'> | undefined {
    return mode === constants.F_OK && this.#isThere(path, true) && this.#isNear(path) ? {} : undefined;
  }

  #isThere(path: Buffer, follow: boolean): boolean {
    return this.#addon.statCached(path, follow, this.#stat);
  }

  #isNear(path: Buffer): boolean {
    return this.#deviceOf(path) !== 'unknown';
  }

  /** The device of the last stat; what a new one is, is found out for the next time. */
  #deviceOf(path: Buffer): Device {
    const number = this.#stat[0] ?? 0n;
    const device = this.#devices.get(number);
    if (device !== undefined) return device;
    this.#devices.set(number, 'unknown');
    fs.statfs(path, { bigint: true }).then(
      ({ type }) => this.#devices.set(number, type === tmpfs ? 'memory' : diskTypes.has(type) ? 'disk' : 'unknown'),
      () => this.#devices.delete(number),
    );
    return 'unknown';
  }
}

function toStat(values: BigInt64Array): Stat {
  const [dev, mode, nlink, uid, gid, rdev, blksize, ino, size, blocks, ...times] = values as unknown as bigint[];
  const [atimeNs, mtimeNs, ctimeNs, birthtimeNs] = times;
  return {
    dev,
    mode,
    nlink,
    uid,
    gid,
    rdev,
    blksize,
    ino,
    size,
    blocks,
    atimeNs,
    mtimeNs,
    ctimeNs,
    birthtimeNs,
  } as Stat;
}
