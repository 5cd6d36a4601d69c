// The calls that change a path: a message each, where the session's rules send writing to the pod.

import type { MessageName, RequestOf, Stat } from '../../src/protocol/schema.ts';
import { type Call, Errno, type Handler, type Outcome } from '../call.ts';
import { identify } from './descriptors.ts';
import { cannotWrite } from './open.ts';
import { type Route, route, workingDirectory } from './route.ts';
import { askFiles, type Writer } from './writers.ts';

/** Of fcntl.h. */
const AT_REMOVEDIR = 0x200;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_SYMLINK_FOLLOW = 0x400;
const UTIME_NOW = (1 << 30) - 1;
const UTIME_OMIT = (1 << 30) - 2;

export const changeHandlers: Record<string, Handler> = {
  /** mkdir(path, mode), mkdirat(folder, path, mode) */
  mkdir: (call) => makeFolder(call, workingDirectory, call.int(1)),
  mkdirat: (call) => makeFolder(call, call.int(0), call.int(2)),
  rmdir: (call) => change(call, workingDirectory, 'removeDirectory', (path) => ({ path })),
  unlink: (call) => change(call, workingDirectory, 'removeFile', (path) => ({ path })),
  /** unlinkat(folder, path, flags) */
  unlinkat: (call) => {
    const message = (call.int(2) & AT_REMOVEDIR) === 0 ? 'removeFile' : 'removeDirectory';
    return change(call, call.int(0), message, (path) => ({ path }));
  },
  /** chmod(path, mode), fchmodat(folder, path, mode) */
  chmod: (call) => change(call, workingDirectory, 'setMode', (path) => ({ path, mode: call.int(1) })),
  fchmodat: (call) => change(call, call.int(0), 'setMode', (path) => ({ path, mode: call.int(2) })),
  /** chown(path, uid, gid), fchownat(folder, path, uid, gid, flags) */
  chown: (call) => changeOwner(call, workingDirectory, 1, true),
  lchown: (call) => changeOwner(call, workingDirectory, 1, false),
  fchownat: (call) => changeOwner(call, call.int(0), 2, (call.int(4) & AT_SYMLINK_NOFOLLOW) === 0),
  /** rename(from, to), renameat(folder, from, folder, to), renameat2 with flags */
  rename: (call) => twoPaths(call, 'rename', workingDirectory, workingDirectory, call.long(1)),
  renameat: (call) => twoPaths(call, 'rename', call.int(0), call.int(2), call.long(3)),
  renameat2: (call) => twoPaths(call, 'rename', call.int(0), call.int(2), call.long(3), call.int(4) === 0),
  /** link(from, to), linkat(folder, from, folder, to, flags) */
  link: (call) => twoPaths(call, 'link', workingDirectory, workingDirectory, call.long(1)),
  linkat: (call) =>
    twoPaths(call, 'link', call.int(0), call.int(2), call.long(3), (call.int(4) & AT_SYMLINK_FOLLOW) === 0),
  /** symlink(target, path), symlinkat(target, folder, path) */
  symlink: (call) => symlink(call, workingDirectory),
  symlinkat: (call) => symlink(call, call.int(1)),
  /** truncate(path, length) */
  truncate: (call) => {
    const way = route(call, workingDirectory, call.path ?? Buffer.alloc(0), 'write');
    if (way.to === 'kernel') return 'pass';
    throw cannotWrite(way.path);
  },
  /** utimensat(folder, path, times, flags); the two older forms have no path that is read along twice */
  utimensat: (call) => setTimes(call),
  utimes: (call) => setTimesByOldCall(call, 16, 1000n),
  utime: (call) => setTimesByOldCall(call, 8, 0n),
  /** fchmod(fd, mode), fchown(fd, uid, gid), ftruncate(fd, length), fsync(fd), fdatasync(fd) */
  fchmod: (call) => changeOpen(call, ({ handle }) => askFiles(call, 'setFileMode', { handle, mode: call.int(1) })),
  fchown: (call) => {
    const owner = { uid: call.int(1) >>> 0, gid: call.int(2) >>> 0 };
    return changeOpen(call, ({ handle }) => askFiles(call, 'setFileOwner', { handle, ...owner }));
  },
  ftruncate: (call) => {
    const length = BigInt(call.long(1));
    return changeOpen(call, ({ handle }) => askFiles(call, 'truncateFile', { handle, length }), 'EINVAL');
  },
  fsync: (call) => sync(call, false),
  fdatasync: (call) => sync(call, true),
};

/** Changes that answer with nothing. */
type Silent = Extract<MessageName, 'setMode' | 'setOwner' | 'setTimes' | 'removeDirectory' | 'removeFile' | 'symlink'>;

function change<Name extends Silent>(
  call: Call,
  folder: number,
  message: Name,
  request: (path: Buffer) => RequestOf<Name>,
): Outcome | Promise<Outcome> {
  const way = route(call, folder, call.path ?? Buffer.alloc(0), 'write');
  return inPod(way, (path) => askFiles(call, message, request(path)));
}

/** @throws Errno EROFS for a path that `mapping` leads to another one here, which nobody has missed yet */
function inPod(way: Route, ask: (path: Buffer) => Promise<unknown>): Outcome | Promise<Outcome> {
  switch (way.to) {
    case 'kernel':
      return 'pass';
    case 'here':
      throw cannotWrite(way.path);
    case 'pod':
      return ask(way.path).then(() => 0);
  }
}

function makeFolder(call: Call, folder: number, mode: number): Outcome | Promise<Outcome> {
  const way = route(call, folder, call.path ?? Buffer.alloc(0), 'write');
  return inPod(way, (path) => askFiles(call, 'makeDirectory', { path, mode, recursive: false }));
}

function changeOwner(call: Call, folder: number, at: number, follow: boolean): Outcome | Promise<Outcome> {
  const owner = { uid: call.int(at) >>> 0, gid: call.int(at + 1) >>> 0, follow };
  return change(call, folder, 'setOwner', (path) => ({ path, ...owner }));
}

function twoPaths(
  call: Call,
  message: 'rename' | 'link',
  fromFolder: number,
  toFolder: number,
  toAddress: number,
  plain = true,
): Outcome | Promise<Outcome> {
  const from = route(call, fromFolder, call.path ?? Buffer.alloc(0), 'write');
  const to = route(call, toFolder, call.readPath(toAddress), 'write');
  if (from.to === 'kernel' && to.to === 'kernel') return 'pass';
  if (from.to !== 'pod' || to.to !== 'pod') throw new Errno('EXDEV'); // as between two file systems
  if (!plain) throw new Errno('EINVAL'); // flags of a file system that cannot do it
  return askFiles(call, message, { from: from.path, to: to.path }).then(() => 0);
}

function symlink(call: Call, folder: number): Outcome | Promise<Outcome> {
  const target = call.readPath(call.long(0));
  return change(call, folder, 'symlink', (path) => ({ path, target }));
}

function sync(call: Call, dataOnly: boolean): Outcome | Promise<Outcome> {
  return changeOpen(call, ({ handle }) => askFiles(call, 'syncFile', { handle, dataOnly }), 'nothing');
}

function setTimes(call: Call): Outcome | Promise<Outcome> {
  const times = readTimes(call);
  if (call.path === undefined) return setTimesOfOpen(call, times); // futimens(3)
  const way = route(call, call.int(0), call.path, 'write');
  const follow = (call.int(3) & AT_SYMLINK_NOFOLLOW) === 0;
  return inPod(way, async (path) => {
    const { stat } = await askFiles(call, 'stat', { path, follow });
    await askFiles(call, 'setTimes', { path, follow, ...times(stat) });
  });
}

function setTimesOfOpen(call: Call, times: Times): Outcome | Promise<Outcome> {
  return changeOpen(call, async ({ handle }) => {
    const { stat } = await askFiles(call, 'statFile', { handle });
    await askFiles(call, 'setFileTimes', { handle, ...times(stat) });
  });
}

/** Both times, from those that are there: the message sets both. */
type Times = (before: Stat) => { readonly atimeNs: bigint; readonly mtimeNs: bigint };

/** struct timespec[2]; no pointer is both now. */
function readTimes(call: Call): Times {
  const times = call.long(2) === 0 ? undefined : call.read(call.long(2), 32);
  const at = (offset: number, before: bigint): bigint => {
    const ns = times === undefined ? UTIME_NOW : Number(times.readBigInt64LE(offset + 8));
    if (ns === UTIME_OMIT) return before;
    if (times === undefined || ns === UTIME_NOW) return BigInt(Date.now()) * 1_000_000n;
    return times.readBigInt64LE(offset) * 1_000_000_000n + BigInt(ns);
  };
  return (before) => ({ atimeNs: at(0, before.atimeNs), mtimeNs: at(16, before.mtimeNs) });
}

/** utimes(path, struct timeval[2]) and utime(path, struct utimbuf): seconds, and microseconds or none. */
function setTimesByOldCall(call: Call, stride: number, nsPerPart: bigint): Outcome | Promise<Outcome> {
  const way = route(call, workingDirectory, call.path ?? Buffer.alloc(0), 'write');
  if (way.to === 'kernel') return 'pass';
  const times = call.long(1) === 0 ? undefined : call.read(call.long(1), 2 * stride);
  const at = (offset: number): bigint => {
    if (times === undefined) return BigInt(Date.now()) * 1_000_000n;
    const part = nsPerPart === 0n ? 0n : times.readBigInt64LE(offset + 8) * nsPerPart;
    return times.readBigInt64LE(offset) * 1_000_000_000n + part;
  };
  return inPod(way, (path) => askFiles(call, 'setTimes', { path, follow: true, atimeNs: at(0), mtimeNs: at(stride) }));
}

/** @param forCopies what a file is told that is open for reading: its copy's change would change nothing in the pod */
function changeOpen(
  call: Call,
  change: (writer: Writer) => Promise<unknown>,
  forCopies: 'EROFS' | 'EINVAL' | 'nothing' = 'EROFS',
): Outcome | Promise<Outcome> {
  const file = identify(call.thread, call.int(0));
  const writer = file.kind === 'pipe' ? call.program.writers.find(file.inode) : undefined;
  if (writer !== undefined) return change(writer).then(() => 0);
  if (forCopies !== 'nothing' && (file.kind === 'file' || file.kind === 'folder')) throw new Errno(forCopies);
  return 'pass';
}
