// The descriptors of this thread that stand for files of the pod. Each is a real descriptor, so its number
// never collides: a small file's is a local copy that reads at local speed and works everywhere; a larger
// or special file's is a placeholder, and its reads are calls.

import fs from 'node:fs';
import type { ReplyOf, Stat } from '../../src/protocol/schema.ts';
import type { Session } from '../session.ts';
import { accessOf } from './paths.ts';
import { Reader } from './reader.ts';
import { SharedDescriptors, type SharedKind, sharedCount } from './shared.ts';
import { isRegularFile } from './stat.ts';

/** `copy`: the bytes are local, only fstat differs. `handle`: the agent has it open under this number. */
export type RemoteFile = { readonly kind: 'copy'; readonly stat: Stat } | RemoteHandle;

export interface RemoteHandle {
  readonly kind: 'handle';
  readonly handle: number;
  /** Of a regular file that is open for reading only. */
  readonly reader: Reader | undefined;
  readonly access: 'read' | 'write';
}

/** open(2): an unnamed file in a folder. Not in fs.constants; this is Linux' value on x86-64 and arm64. */
export const O_TMPFILE = 0o20200000;

export class Descriptors {
  #files = new Map<number, RemoteFile>();
  #shared = new SharedDescriptors();
  /** How many more descriptors than one a handle has. */
  #duplicates = new Map<number, number>();
  #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get(fd: unknown): RemoteFile | undefined {
    const file = this.#files.get(fd as number);
    const kind = this.#shared.kindOf(fd as number);
    if (file === undefined ? kind === 'none' : this.#isStill(file, fd as number)) return file;
    // Another thread has closed it, or opened it.
    this.#files.delete(fd as number);
    return this.#join(fd as number, kind);
  }

  /** A new descriptor for the same open file, as dup(2). @param fd one that stands for a handle */
  duplicate(fd: number): number {
    const own = fs.openSync('/dev/null', 'r');
    const file = this.get(fd);
    if (file?.kind !== 'handle') return own;
    this.#duplicates.set(file.handle, (this.#duplicates.get(file.handle) ?? 0) + 1);
    this.add(own, file);
    return own;
  }

  /** Notes that a descriptor is closed. @returns what is to be closed with it, if this was its last descriptor */
  remove(fd: unknown): RemoteFile | undefined {
    const file = this.get(fd);
    if (file === undefined) return undefined;
    this.#files.delete(fd as number);
    this.#shared.delete(fd as number);
    if (file.kind === 'copy') return file;
    const others = (this.#duplicates.get(file.handle) ?? 0) - 1;
    if (others < 0) return file;
    if (others === 0) this.#duplicates.delete(file.handle);
    else this.#duplicates.set(file.handle, others);
    return undefined;
  }

  add(fd: number, file: RemoteFile): void {
    this.#files.set(fd, file);
    if (file.kind === 'copy') this.#shared.set(fd, 'copy', 0);
    else this.#shared.set(fd, file.reader === undefined ? file.access : 'reader', file.handle);
    if (file.kind === 'handle') file.reader?.standAt(this.#shared.positionOf(fd));
  }

  /**
   * Makes the local descriptor of a file that the agent has opened.
   * @returns a new descriptor, open for reading; the caller adds it
   * @throws a system error (EMFILE) as the open itself would
   */
  materialize(opened: ReplyOf<'openFile'>, flags: number): { readonly fd: number; readonly file: RemoteFile } {
    const isFile = isRegularFile(opened.stat);
    if (!opened.whole || !isFile) {
      const access = accessOf(flags);
      const reader = isFile && access === 'read' ? new Reader(this.#session, opened) : undefined;
      return { fd: fs.openSync('/dev/null', 'r'), file: { kind: 'handle', handle: opened.handle, reader, access } };
    }
    return { fd: this.#copy(opened.data), file: { kind: 'copy', stat: opened.stat } };
  }

  #isStill(file: RemoteFile, fd: number): boolean {
    if (fd >= sharedCount) return true;
    return file.kind === 'copy' ? this.#shared.kindOf(fd) === 'copy' : this.#shared.handleOf(fd) === file.handle;
  }

  /** What another thread has opened under this number. */
  #join(fd: number, kind: SharedKind): RemoteFile | undefined {
    if (kind === 'none' || kind === 'copy') return undefined; // a copy's bytes are the descriptor's own
    const handle = this.#shared.handleOf(fd);
    const file: RemoteHandle = {
      kind: 'handle',
      handle,
      reader: kind === 'reader' ? this.#readerOf(handle) : undefined,
      access: kind === 'write' ? 'write' : 'read',
    };
    file.reader?.standAt(this.#shared.positionOf(fd));
    this.#files.set(fd, file);
    return file;
  }

  #readerOf(handle: number): Reader | undefined {
    try {
      const { stat } = this.#session.sync.call('statFile', { handle });
      return new Reader(this.#session, { handle, stat, data: Buffer.alloc(0), whole: false });
    } catch {
      return undefined; // its reads will say why
    }
  }

  #copy(data: Buffer): number {
    // The session's folder is on a memory file system.
    const writable = fs.openSync(this.#session.folder, O_TMPFILE | fs.constants.O_RDWR, 0o600);
    try {
      for (let written = 0; written < data.length; ) written += fs.writeSync(writable, data, written);
      // Opened again, so that writing to it is EBADF as it would be in the pod, and it starts at 0.
      return fs.openSync(`/proc/self/fd/${writable}`, 'r');
    } finally {
      fs.closeSync(writable);
    }
  }
}
