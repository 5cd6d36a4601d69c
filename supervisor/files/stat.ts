// stat(2) and its relatives, by path and by descriptor: the pod's answer is written where the kernel would write.

import fs from 'node:fs';
import type { Stat } from '../../src/protocol/schema.ts';
import type { Addon } from '../addon.ts';
import type { Call, Handler, Outcome } from '../call.ts';
import { identify, statNumbers } from './descriptors.ts';
import { route, workingDirectory } from './route.ts';
import { askFiles } from './writers.ts';

/** Of fcntl.h. */
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;

type Encode = (stat: BigInt64Array) => Buffer;

export function statHandlers(addon: Addon): Record<string, Handler> {
  const { encodeStat, encodeStatx } = addon;
  return {
    /** stat(path, into) */
    stat: (call) => stat(call, encodeStat, workingDirectory, 0, call.long(1)),
    lstat: (call) => stat(call, encodeStat, workingDirectory, AT_SYMLINK_NOFOLLOW, call.long(1)),
    /** newfstatat(folder, path, into, flags) */
    newfstatat: (call) => stat(call, encodeStat, call.int(0), call.int(3), call.long(2)),
    /** statx(folder, path, flags, mask, into) */
    statx: (call) => stat(call, encodeStatx, call.int(0), call.int(2), call.long(4)),
    /** fstat(fd, into) */
    fstat: (call) => statDescriptor(call, encodeStat, call.int(0), call.long(1)),
  };
}

function stat(call: Call, encode: Encode, folder: number, flags: number, into: number): Outcome | Promise<Outcome> {
  const path = call.path ?? Buffer.alloc(0);
  if (path.length === 0) {
    return (flags & AT_EMPTY_PATH) !== 0 ? statDescriptor(call, encode, folder, into) : 'pass';
  }
  const follow = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  const way = route(call, folder, path, 'read');
  if (way.to === 'kernel') return 'pass';
  const found = way.to === 'pod' ? statInPod(call, way.path, follow) : statHere(way.path, follow);
  return found.then((result) => answer(call, encode, result, into));
}

function statDescriptor(call: Call, encode: Encode, descriptor: number, into: number): Outcome | Promise<Outcome> {
  const file = identify(call.thread, descriptor);
  const writer = file.kind === 'pipe' ? call.program.writers.find(file.inode) : undefined;
  if (writer !== undefined) {
    const found = askFiles(call, 'statFile', { handle: writer.handle });
    return found.then(({ stat }) => answer(call, encode, stat, into));
  }
  return file.kind === 'file' || file.kind === 'folder' ? answer(call, encode, file.stat, into) : 'pass';
}

function answer(call: Call, encode: Encode, found: Stat, into: number): Outcome {
  call.write(into, encode(statNumbers(found)));
  return 0;
}

async function statInPod(call: Call, path: Buffer, follow: boolean): Promise<Stat> {
  return (await askFiles(call, 'stat', { path, follow })).stat;
}

function statHere(path: Buffer, follow: boolean): Promise<Stat> {
  return (follow ? fs.promises.stat : fs.promises.lstat)(path, { bigint: true });
}
