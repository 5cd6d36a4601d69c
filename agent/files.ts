// Files for one session, as the target sees them: this process has the target's root by now. A failed call
// answers with its errno name. The handles are the session's and end with it.
//
// A known limit: a FIFO is opened without waiting for a writer, so that it never holds a pool thread; a
// read before the writer comes gives the end of the file, and one between two writes EAGAIN.

import { randomInt } from 'node:crypto';
import { constants, promises as fs } from 'node:fs';
import { RemoteError } from '../src/protocol/failure.ts';
import type { Handlers } from '../src/protocol/link.ts';
import type { ReplyOf, RequestOf } from '../src/protocol/schema.ts';
import type { Addon } from './addon.ts';
import { Cached } from './cached.ts';
import { changes, toId, toSeconds } from './changes.ts';
import { access, inspect, readDirectory, readLink, realPath, stat, toStat } from './paths.ts';

/** The most that one read answers with, in bytes; the program asks again for more, as read(2) allows. */
const maxReadBytes = 1024 * 1024;

/** What one session may have open at once, as a process has its RLIMIT_NOFILE. */
const maxHandles = 4096;

/** A file that is opened to be changed is not read ahead. */
const writingFlags = constants.O_WRONLY | constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC;
const closeOnExecFlag = 0o2000000; // O_CLOEXEC, which Node's constants lack

export class Files {
  readonly handlers: Handlers = {
    openFile: (request) => this.#cached.openFile(request) ?? this.#openFile(request),
    readFile: (request) => this.#readFile(request),
    closeFile: (request) => this.#closeFile(request),
    writeFile: async ({ handle, position, data }) => {
      const at = position < 0n ? null : Number(position);
      const { bytesWritten } = await this.#find(handle).write(data, 0, data.length, at);
      return { written: bytesWritten };
    },
    syncFile: ({ handle, dataOnly }) => this.#change(handle, (file) => (dataOnly ? file.datasync() : file.sync())),
    seekFile: ({ handle, offset, whence }) => ({ position: this.#seek(this.#find(handle).fd, offset, whence) }),
    truncateFile: ({ handle, length }) => this.#change(handle, (file) => file.truncate(Number(length))),
    setFileMode: ({ handle, mode }) => this.#change(handle, (file) => file.chmod(mode)),
    setFileOwner: ({ handle, uid, gid }) => this.#change(handle, (file) => file.chown(toId(uid), toId(gid))),
    setFileTimes: ({ handle, atimeNs, mtimeNs }) =>
      this.#change(handle, (file) => file.utimes(toSeconds(atimeNs), toSeconds(mtimeNs))),
    statFile: async ({ handle }) => ({ stat: toStat(await this.#find(handle).stat({ bigint: true })) }),
    stat: (request) => this.#cached.stat(request) ?? stat(request),
    access: (request) => this.#cached.access(request) ?? access(request),
    readDirectory,
    readLink,
    realPath,
    inspect,
    ...changes,
  };

  #seek: Addon['seek'];
  #cached: Cached;
  #open = new Map<number, fs.FileHandle>();
  #opening = 0;
  /** Not from 0: a handle of another pod's agent, from before a session went on here, is to be none of ours. */
  #lastHandle = randomInt(2 ** 31);
  #closed = false;

  constructor(addon: Addon) {
    this.#seek = addon.seek;
    this.#cached = new Cached(addon);
  }

  /** Closes every handle. May be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    const files = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(files.map((file) => file.close()));
  }

  /**
   * The file's position stays 0: what is read ahead here does not count as read. Only a regular file is
   * read ahead, since from a pipe or a terminal the bytes would be gone.
   */
  async #openFile({ path, flags, mode, prefetchBytes }: RequestOf<'openFile'>): Promise<ReplyOf<'openFile'>> {
    if (this.#open.size + this.#opening >= maxHandles) {
      throw new RemoteError('EMFILE', `this session has ${maxHandles} files of the target open`);
    }
    this.#opening++;
    const file = await fs
      .open(path, flags | constants.O_NONBLOCK | closeOnExecFlag, mode)
      .finally(() => this.#opening--);
    let kept = false;
    try {
      const stats = await file.stat({ bigint: true });
      const limit = Math.min(prefetchBytes, maxReadBytes);
      const head =
        stats.isFile() && limit > 0 && (flags & writingFlags) === 0
          ? await readHead(file, limit, stats.size)
          : { data: Buffer.alloc(0), whole: false };
      kept = !head.whole && !this.#closed;
      return { handle: kept ? this.#keep(file) : 0, stat: toStat(stats), ...head };
    } finally {
      // Nobody waits for it, nor minds how it ends: nothing was written. (With the read that readHead spares,
      // a small file takes 150 µs instead of 200.)
      if (!kept) file.close().catch(() => {});
    }
  }

  async #readFile({ handle, length, position }: RequestOf<'readFile'>): Promise<ReplyOf<'readFile'>> {
    const buffer = Buffer.allocUnsafeSlow(Math.min(length, maxReadBytes));
    // Node 20's FileHandle takes a bigint for "no position", without a word.
    const at = position < 0n ? null : Number(position);
    if (at !== null && !Number.isSafeInteger(at)) throw new RemoteError('EINVAL', `no file is ${position} bytes long`);
    const { bytesRead } = await this.#find(handle).read(buffer, 0, buffer.length, at);
    return { data: buffer.subarray(0, bytesRead) };
  }

  async #closeFile({ handle }: RequestOf<'closeFile'>): Promise<ReplyOf<'closeFile'>> {
    const file = this.#find(handle);
    this.#open.delete(handle);
    await file.close();
    return {};
  }

  async #change(handle: number, change: (file: fs.FileHandle) => Promise<void>): Promise<Record<string, never>> {
    await change(this.#find(handle));
    return {};
  }

  #keep(file: fs.FileHandle): number {
    // After 2^32 opened files the numbers start again; those still open keep theirs.
    do this.#lastHandle = this.#lastHandle === 0xffffffff ? 1 : this.#lastHandle + 1;
    while (this.#open.has(this.#lastHandle));
    this.#open.set(this.#lastHandle, file);
    return this.#lastHandle;
  }

  #find(handle: number): fs.FileHandle {
    const file = this.#open.get(handle);
    if (file === undefined) throw new RemoteError('EBADF', `no open file has the handle ${handle}`);
    return file;
  }
}

/**
 * The first bytes of a regular file, and whether they are all there is. An empty read says that, since
 * files of /proc have size 0; or a short one that ends where the file's size does.
 */
async function readHead(file: fs.FileHandle, limit: number, size: bigint): Promise<{ data: Buffer; whole: boolean }> {
  const buffer = Buffer.allocUnsafeSlow(limit + 1);
  let length = 0;
  while (length <= limit) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
    length += bytesRead;
    const isEnd = bytesRead === 0 || (length <= limit && BigInt(length) === size);
    if (isEnd) return { data: buffer.subarray(0, length), whole: true };
  }
  return { data: buffer.subarray(0, limit), whole: false };
}
