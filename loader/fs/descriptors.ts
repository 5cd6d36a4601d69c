// The descriptors of this thread that stand for files of the pod. Each is a real descriptor, so its number
// never collides: a small file's is a local copy that reads at local speed and works everywhere; a larger
// or special file's is a placeholder, and its reads are calls.

import fs from 'node:fs';
import type { ReplyOf, Stat } from '../../src/protocol/schema.ts';
import type { Session } from '../session.ts';
import { accessOf } from './paths.ts';
import { Reader } from './reader.ts';
import { isRegularFile } from './stat.ts';

/** `copy`: the bytes are local, only fstat differs. `handle`: the agent has it open under this number. */
export type RemoteFile =
  | { readonly kind: 'copy'; readonly stat: Stat }
  | { readonly kind: 'handle'; readonly handle: number; readonly reader: Reader | undefined };

/** open(2): an unnamed file in a folder. Not in fs.constants; this is Linux' value on x86-64 and arm64. */
const O_TMPFILE = 0o20200000;

export class Descriptors {
  #files = new Map<number, RemoteFile>();
  #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get(fd: unknown): RemoteFile | undefined {
    return this.#files.get(fd as number);
  }

  /** Notes that a descriptor is closed. @returns what it stood for */
  remove(fd: unknown): RemoteFile | undefined {
    const file = this.#files.get(fd as number);
    this.#files.delete(fd as number);
    return file;
  }

  add(fd: number, file: RemoteFile): void {
    this.#files.set(fd, file);
  }

  /**
   * Makes the local descriptor of a file that the agent has opened.
   * @returns a new descriptor, open for reading; the caller adds it
   * @throws a system error (EMFILE) as the open itself would
   */
  materialize(opened: ReplyOf<'openFile'>, flags: number): { readonly fd: number; readonly file: RemoteFile } {
    const isFile = isRegularFile(opened.stat);
    if (!opened.whole || !isFile) {
      const reader = isFile && accessOf(flags) === 'read' ? new Reader(this.#session, opened) : undefined;
      return { fd: fs.openSync('/dev/null', 'r'), file: { kind: 'handle', handle: opened.handle, reader } };
    }
    return { fd: this.#copy(opened.data), file: { kind: 'copy', stat: opened.stat } };
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
