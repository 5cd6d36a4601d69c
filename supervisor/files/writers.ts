// Files of the pod that programs have open for writing: each is a pipe, whose bytes are written in the pod as they
// come. The kernel keeps it open as long as any process has it, and its end is the pipe's. A write returns before the
// pod has it, so whatever is asked of the pod's files afterwards waits until all of it is there.

import fs from 'node:fs';
import type { MessageName, ReplyOf, RequestOf } from '../../src/protocol/schema.ts';
import type { Addon } from '../addon.ts';
import type { Call } from '../call.ts';
import type { Calls } from '../calls.ts';
import { say } from '../say.ts';

/** One message takes this much at most; as long as the pipe. */
const chunkBytes = 1024 * 1024;

/** Asks the pod about files, behind all that was written before. */
export async function askFiles<Name extends MessageName>(
  { program }: Call,
  name: Name,
  request: RequestOf<Name>,
): Promise<ReplyOf<Name>> {
  await program.writers.settle();
  return program.session.calls.ask(name, request);
}

/** The open ones, by their pipe's inode. */
export class Writers {
  #addon: Addon;
  #calls: Calls;
  #byInode = new Map<number, Writer>();

  constructor(addon: Addon, calls: Calls) {
    this.#addon = addon;
    this.#calls = calls;
  }

  find(inode: number): Writer | undefined {
    return this.#byInode.get(inode);
  }

  /**
   * @param handle of the pod's file; closed with the pipe
   * @returns the descriptor for the program, ours to give and to close
   */
  add(handle: number, path: Buffer): number {
    const [readable, writable] = this.#addon.makePipe();
    const { ino } = fs.fstatSync(readable);
    const onEnd = () => this.#byInode.delete(ino);
    this.#byInode.set(ino, new Writer(this.#addon, this.#calls, readable, handle, path, onEnd));
    return writable;
  }

  /** Resolves when the pod has all that was written until now. */
  async settle(): Promise<void> {
    if (this.#byInode.size > 0) await Promise.all([...this.#byInode.values()].map((writer) => writer.settle()));
  }
}

export class Writer {
  readonly handle: number;
  #addon: Addon;
  #calls: Calls;
  #readable: number;
  #path: Buffer;
  #onEnd: () => void;
  #ended = false;
  /** One after the other. */
  #written: Promise<void> = Promise.resolve();

  constructor(addon: Addon, calls: Calls, readable: number, handle: number, path: Buffer, onEnd: () => void) {
    this.handle = handle;
    this.#addon = addon;
    this.#calls = calls;
    this.#readable = readable;
    this.#path = path;
    this.#onEnd = onEnd;
    this.#wait();
  }

  /** Resolves when the pod has what is in the pipe. Never rejects. */
  settle(): Promise<void> {
    this.#written = this.#written.then(() => this.#writeAll());
    return this.#written;
  }

  #wait(): void {
    const poll = this.#addon.startPoll(this.#readable, 1, () => {
      this.#addon.stopPoll(poll);
      void this.settle().then(() => this.#ended || this.#wait());
    });
  }

  async #writeAll(): Promise<void> {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    while (!this.#ended) {
      const count = readNow(this.#readable, buffer);
      if (count === undefined) return;
      if (count === 0) this.#end();
      else await this.#write(buffer.subarray(0, count));
    }
  }

  async #write(data: Buffer): Promise<void> {
    try {
      for (let done = 0; done < data.length; ) {
        const request = { handle: this.handle, position: -1n, data: data.subarray(done) };
        done += (await this.#calls.ask('writeFile', request)).written;
      }
    } catch (error) {
      say(`Writing ${this.#path} in the pod failed: ${(error as Error).message}. The program gets EPIPE.`);
      this.#end();
    }
  }

  #end(): void {
    this.#ended = true;
    fs.closeSync(this.#readable);
    this.#onEnd();
    this.#calls.ask('closeFile', { handle: this.handle }).catch(() => {}); // the session's end tells by itself
  }
}

/** @returns 0 at the end, undefined when nothing is there now */
function readNow(fd: number, into: Buffer): number | undefined {
  try {
    return fs.readSync(fd, into);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}
