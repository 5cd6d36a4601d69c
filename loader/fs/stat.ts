// A stat of the pod in the form that Node's fs binding gives: 18 numbers (lib/internal/fs/utils.js reads
// them by position).

import type { ReplyOf, Stat } from '../../src/protocol/schema.ts';

const nsPerSecond = 1_000_000_000n;

/** The file type's bits of `mode`, and two of the types (inode(7)). */
const S_IFMT = 0o170000n;
const S_IFREG = 0o100000n;
const S_IFDIR = 0o040000n;

export function isRegularFile({ mode }: Stat): boolean {
  return (mode & S_IFMT) === S_IFREG;
}

export function isDirectory({ mode }: Stat): boolean {
  return (mode & S_IFMT) === S_IFDIR;
}

/** @returns a new array; Node's own are shared between calls, which nothing relies on */
export function statArray(stat: Stat, bigint: boolean): Float64Array | BigInt64Array {
  const values = [
    stat.dev,
    stat.mode,
    stat.nlink,
    stat.uid,
    stat.gid,
    stat.rdev,
    stat.blksize,
    stat.ino,
    stat.size,
    stat.blocks,
    ...secondsAndNs(stat.atimeNs),
    ...secondsAndNs(stat.mtimeNs),
    ...secondsAndNs(stat.ctimeNs),
    ...secondsAndNs(stat.birthtimeNs),
  ];
  return bigint ? BigInt64Array.from(values) : Float64Array.from(values, Number);
}

/** statfs in the binding's form: 7 numbers. */
export function statFsArray(stat: ReplyOf<'statFileSystem'>, bigint: boolean): Float64Array | BigInt64Array {
  const values = [stat.type, stat.bsize, stat.blocks, stat.bfree, stat.bavail, stat.files, stat.ffree];
  return bigint ? BigInt64Array.from(values) : Float64Array.from(values, Number);
}

function secondsAndNs(ns: bigint): [seconds: bigint, ns: bigint] {
  const rest = ((ns % nsPerSecond) + nsPerSecond) % nsPerSecond; // 0 or more, also before 1970
  return [(ns - rest) / nsPerSecond, rest];
}
