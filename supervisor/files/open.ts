// open(2) and its relatives: a file of the pod is copied into a descriptor of this machine, which the program gets.

import fs from 'node:fs';
import type { ReplyOf, Stat } from '../../src/protocol/schema.ts';
import type { Addon } from '../addon.ts';
import { type Call, Errno, type Handler, type Outcome } from '../call.ts';
import { say } from '../say.ts';
import { forReading, makeFile } from './descriptors.ts';
import { openFolder } from './folder.ts';
import { route, workingDirectory } from './route.ts';
import { askFiles } from './writers.ts';

const { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND, S_IFMT, S_IFREG, S_IFDIR } = fs.constants;

/** Of fcntl.h; Node's constants lack them. The same on x86-64 and arm64. */
const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
const O_TMPFILE = 0o20000000;

/** One read brings this much at most, the agent's limit; and so many are on their way at once. */
const chunkBytes = 1024 * 1024;
const chunksAtOnce = 4;

export function openHandlers(addon: Addon): Record<string, Handler> {
  return {
    /** open(path, flags, mode) */
    open: (call) => open(addon, call, workingDirectory, call.int(1), call.int(2)),
    /** creat(path, mode) */
    creat: (call) => open(addon, call, workingDirectory, O_WRONLY | O_CREAT | O_TRUNC, call.int(1)),
    /** openat(folder, path, flags, mode) */
    openat: (call) => open(addon, call, call.int(0), call.int(2), call.int(3)),
    /** openat2(folder, path, how, size): struct open_how begins with flags and mode, 64 bits each */
    openat2(call) {
      const how = call.read(call.long(2), 16);
      return open(addon, call, call.int(0), Number(how.readBigUInt64LE(0)), Number(how.readBigUInt64LE(8)));
    },
  };
}

function open(addon: Addon, call: Call, folder: number, flags: number, mode: number): Outcome | Promise<Outcome> {
  const asked = call.path ?? Buffer.alloc(0);
  noticeLayer(addon, call, asked);
  const way = route(call, folder, asked, accessOf(flags));
  const closeOnExec = (flags & O_CLOEXEC) !== 0;
  switch (way.to) {
    case 'kernel':
      return 'pass';
    case 'here':
      return { descriptor: fs.openSync(way.path, flags, mode), closeOnExec };
    case 'pod':
      return (
        accessOf(flags) === 'read' ? openInPod(addon, call, way.path, flags) : openToWrite(call, way.path, flags, mode)
      ).then((descriptor) => ({ descriptor, closeOnExec }));
  }
}

/** Who opens files of the session's folder is a layer: a Node program with the loader, or one with the preload. */
function noticeLayer(addon: Addon, { program, thread }: Call, path: Buffer): void {
  if (path.indexOf(`${program.session.folder}/`) === 0) program.layers.add(addon.processOf(thread));
}

async function openInPod(addon: Addon, call: Call, path: Buffer, flags: number): Promise<number> {
  const { calls, settings } = call.program.session;
  const request = { path, flags: flags & ~O_PATH, mode: 0, prefetchBytes: settings.prefetchBytes };
  const opened = await askFiles(call, 'openFile', request);
  const { handle, stat } = opened;
  try {
    switch (stat.mode & BigInt(S_IFMT)) {
      case BigInt(S_IFREG):
        return await copy(addon, call, opened);
      case BigInt(S_IFDIR):
        return openFolder(addon, path, stat, (await calls.ask('readDirectory', { path })).entries);
      default:
        say(`${path} of the pod is a pipe or a device, which cannot be opened from here.`);
        throw new Errno('ENXIO');
    }
  } finally {
    if (handle !== 0) calls.ask('closeFile', { handle }).catch(() => {}); // the session's end tells by itself
  }
}

/** A descriptor is a pipe then, so it can be written only, and from its beginning to its end. */
async function openToWrite(call: Call, path: Buffer, flags: number, mode: number): Promise<number> {
  if ((flags & O_WRONLY) === 0 || (flags & O_TMPFILE) !== 0) throw cannotWrite(path);
  const { handle } = await askFiles(call, 'openFile', { path, flags, mode, prefetchBytes: 0 });
  return call.program.writers.add(handle, path);
}

async function copy(addon: Addon, call: Call, opened: ReplyOf<'openFile'>): Promise<number> {
  const fd = makeFile(addon, opened.stat);
  try {
    write(fd, opened.data);
    if (!opened.whole) await copyRest(call, opened, fd);
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
  return forReading(fd);
}

/** Reads on to the file's end. Several reads are on their way at once as far as the file's size goes. */
async function copyRest(call: Call, { handle, stat, data }: { handle: number; stat: Stat; data: Buffer }, fd: number) {
  for (let position = data.length; ; ) {
    if (!call.waits) throw new Errno('EINTR'); // the program was killed
    const left = Math.ceil((Number(stat.size) - position) / chunkBytes);
    const count = Math.min(Math.max(left, 1), chunksAtOnce);
    const chunks = await Promise.all(
      Array.from({ length: count }, (_, at) =>
        call.program.session.calls.ask('readFile', {
          handle,
          length: chunkBytes,
          position: BigInt(position + at * chunkBytes),
        }),
      ),
    );
    for (const { data: chunk } of chunks) {
      if (chunk.length === 0) return;
      write(fd, chunk);
      position += chunk.length;
      if (chunk.length < chunkBytes) break; // the next ones began too far behind
    }
  }
}

function write(fd: number, data: Buffer): void {
  for (let written = 0; written < data.length; ) written += fs.writeSync(fd, data, written);
}

/** What a handler throws where the session's rules send writing to the pod and it cannot be done: never silently here. */
export function cannotWrite(path: Buffer): Errno {
  say(
    `${path} is to be changed in the pod in a way that programs without libc cannot do yet: the program gets EROFS. ` +
      '(It can be opened to be written only. feature.fs.mode "read" writes on this machine.)',
  );
  return new Errno('EROFS');
}

export function accessOf(flags: number): 'read' | 'write' {
  return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)) === 0 ? 'read' : 'write';
}
