// A folder of the pod as a descriptor: a file in memory with its entries as getdents64(2) gives them, and its path
// behind them. The position is the file's own, so that dup, fork, telldir and rewinddir mean what they should.

import fs from 'node:fs';
import type { ReplyOf, Stat } from '../../src/protocol/schema.ts';
import type { Addon } from '../addon.ts';
import { type Call, Errno, type Handler } from '../call.ts';
import { forReading, identify, makeFolder } from './descriptors.ts';

type Entry = ReplyOf<'readDirectory'>['entries'][number];

/**
 * Positions count from here, far behind the file's end: read(2) of the folder finds nothing, and not our records.
 * (In the pod it is EISDIR, which no file of ours can answer.)
 */
const start = 2 ** 40;

/** The DT_* numbers of dirent.h for the UV_DIRENT_* ones of the message. */
const types = [0, 8, 4, 10, 1, 12, 2, 6];
const DT_DIR = 4;

/** @returns a descriptor for the program; the caller closes it */
export function openFolder(addon: Addon, path: Buffer, stat: Stat, entries: readonly Entry[]): number {
  const records = encodeEntries(stat.ino, entries);
  const fd = makeFolder(addon, stat, records.length);
  fs.writeSync(fd, records);
  fs.writeSync(fd, path);
  const folder = forReading(fd);
  addon.seek(folder, start, 0);
  return folder;
}

/** The pod's path of a folder that a program has open. @param bytes of its entries */
export function folderPath(call: Call, descriptor: number, bytes: number): Buffer {
  const fd = call.take(descriptor);
  try {
    const path = Buffer.alloc(4096);
    return path.subarray(0, fs.readSync(fd, path, 0, path.length, bytes));
  } finally {
    fs.closeSync(fd);
  }
}

/** getdents64(fd, buffer, count) */
export function getdents64(addon: Addon): Handler {
  return (call) => {
    const folder = identify(call.thread, call.int(0));
    if (folder.kind === 'file') throw new Errno('ENOTDIR');
    if (folder.kind !== 'folder') return 'pass';
    const fd = call.take(call.int(0));
    try {
      const position = addon.seek(fd, 0, 1);
      const from = position < start ? 0 : position - start;
      if (from >= folder.bytes) return 0;
      const room = Buffer.alloc(Math.min(call.long(2) >>> 0, folder.bytes - from));
      const records = room.subarray(0, wholeRecords(room.subarray(0, fs.readSync(fd, room, 0, room.length, from))));
      if (records.length === 0) throw new Errno('EINVAL');
      call.write(call.long(1), records);
      addon.seek(fd, start + from + records.length, 0);
      return records.length;
    } finally {
      fs.closeSync(fd);
    }
  };
}

/** struct linux_dirent64 of getdents64(2): ino, the next one's position, the record's length, type, name. */
function encodeEntries(ownInode: bigint, entries: readonly Entry[]): Buffer {
  const all = [
    { name: Buffer.from('.'), type: DT_DIR, ino: ownInode },
    { name: Buffer.from('..'), type: DT_DIR, ino: 1n },
    // The message has no inodes; 0 would be an entry that is gone.
    ...entries.map(({ name, type }, at) => ({ name, type: types[type] ?? 0, ino: BigInt(at + 2) })),
  ];
  let end = 0;
  return Buffer.concat(
    all.map(({ name, type, ino }) => {
      const record = Buffer.alloc((19 + name.length + 1 + 7) & ~7);
      end += record.length;
      record.writeBigUInt64LE(BigInt.asUintN(64, ino), 0);
      record.writeBigInt64LE(BigInt(start + end), 8);
      record.writeUInt16LE(record.length, 16);
      record[18] = type;
      name.copy(record, 19);
      return record;
    }),
  );
}

/** How many of the bytes are records that are not cut. */
function wholeRecords(bytes: Buffer): number {
  let end = 0;
  while (end + 18 <= bytes.length && end + bytes.readUInt16LE(end + 16) <= bytes.length)
    end += bytes.readUInt16LE(end + 16);
  return end;
}
