// The calls that ask about a path and hold nothing: access, readlink, statfs and their forms.

import fs from 'node:fs';
import type { Addon } from '../addon.ts';
import { type Call, Errno, type Handler, type Outcome } from '../call.ts';
import { say } from '../say.ts';
import { identify } from './descriptors.ts';
import { route, workingDirectory } from './route.ts';
import { askFiles } from './writers.ts';

export function pathHandlers(addon: Addon): Record<string, Handler> {
  return {
    /** access(path, mode) */
    access: (call) => access(call, workingDirectory, call.int(1)),
    /** faccessat(folder, path, mode), faccessat2 with flags, which mean nothing to the agent's root */
    faccessat: (call) => access(call, call.int(0), call.int(2)),
    faccessat2: (call) => access(call, call.int(0), call.int(2)),
    /** readlink(path, buffer, size) */
    readlink: (call) => readLink(call, workingDirectory, call.long(1), call.long(2)),
    /** readlinkat(folder, path, buffer, size) */
    readlinkat: (call) => readLink(call, call.int(0), call.long(2), call.long(3)),
    /** getxattr(path, name, …), listxattr(path, …): no message asks for them */
    getxattr: noAttributes,
    lgetxattr: noAttributes,
    listxattr: noAttributes,
    llistxattr: noAttributes,
    /** inotify_add_watch(fd, path, mask) */
    inotify_add_watch: cannotWatch,
    /** statfs(path, into) */
    statfs: (call) => statFileSystem(addon, call),
    /** fstatfs(fd, into) */
    fstatfs: (call) => {
      const { kind } = identify(call.thread, call.int(0));
      // Which file system it was, nobody remembers; an answer about ours would be wrong.
      if (kind === 'file' || kind === 'folder') throw new Errno('ENOSYS');
      return 'pass';
    },
  };
}

function noAttributes(call: Call): Outcome {
  const way = route(call, workingDirectory, call.path ?? Buffer.alloc(0), 'read');
  if (way.to === 'pod') throw new Errno('EOPNOTSUPP'); // as on a file system that has none
  return 'pass';
}

function cannotWatch(call: Call): Outcome {
  const way = route(call, workingDirectory, call.path ?? Buffer.alloc(0), 'read');
  if (way.to !== 'pod') return 'pass';
  say(`${way.path} of the pod cannot be watched by programs without libc: the program gets ENOSYS.`);
  throw new Errno('ENOSYS');
}

function access(call: Call, folder: number, mode: number): Outcome | Promise<Outcome> {
  const way = route(call, folder, call.path ?? Buffer.alloc(0), 'read');
  if (way.to === 'kernel') return 'pass';
  const { path } = way;
  const done = way.to === 'pod' ? askFiles(call, 'access', { path, mode }) : fs.promises.access(path, mode);
  return done.then(() => 0);
}

function readLink(call: Call, folder: number, into: number, size: number): Outcome | Promise<Outcome> {
  const way = route(call, folder, call.path ?? Buffer.alloc(0), 'read');
  if (way.to === 'kernel') return 'pass';
  if ((size | 0) <= 0) throw new Errno('EINVAL');
  const target =
    way.to === 'pod'
      ? askFiles(call, 'readLink', { path: way.path }).then((reply) => reply.target)
      : fs.promises.readlink(way.path, 'buffer');
  return target.then((bytes) => {
    const part = bytes.subarray(0, size);
    call.write(into, part);
    return part.length;
  });
}

function statFileSystem(addon: Addon, call: Call): Outcome | Promise<Outcome> {
  const way = route(call, workingDirectory, call.path ?? Buffer.alloc(0), 'read');
  if (way.to === 'kernel') return 'pass';
  const found =
    way.to === 'pod'
      ? askFiles(call, 'statFileSystem', { path: way.path })
      : fs.promises.statfs(way.path, { bigint: true });
  return found.then(({ type, bsize, blocks, bfree, bavail, files, ffree }) => {
    const numbers = BigInt64Array.of(type, bsize, blocks, bfree, bavail, files, ffree);
    call.write(call.long(1), addon.encodeStatfs(numbers));
    return 0;
  });
}
