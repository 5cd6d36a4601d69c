// A system call that stopped: what a handler can ask of it, and how it ends.

import { constants } from 'node:os';
import type { Addon } from './addon.ts';
import type { Program } from './program.ts';

/**
 * How a handler ends a call: the kernel does it (`pass`), a result, or a copy of our descriptor, which is closed
 * here afterwards. A call fails by a thrown error with a `code`, RemoteErrors included.
 */
export type Outcome = 'pass' | number | { readonly descriptor: number; readonly closeOnExec: boolean };
export type Handler = (call: Call) => Outcome | Promise<Outcome>;

/** An error for the program: `code` is its errno's name. */
export class Errno extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Whether an error is one of the system's, the pod's or this machine's: its code is an errno's name. */
export function isErrno(error: unknown): error is { readonly code: keyof typeof constants.errno } {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && code in constants.errno;
}

export class Call {
  readonly program: Program;
  readonly number: number;
  /** The thread, numbered as in this process's namespace. */
  readonly thread: number;
  /** The first path among the arguments; undefined for a call without, or with one that cannot be read. */
  readonly path: Buffer | undefined;
  #addon: Addon;
  #id: bigint;
  #args: readonly number[];

  constructor(program: Program, addon: Addon, id: bigint, numbers: Float64Array, path: Buffer | undefined) {
    const [number = 0, thread = 0, ...args] = numbers;
    this.program = program;
    this.number = number;
    this.thread = thread;
    this.path = path;
    this.#addon = addon;
    this.#id = id;
    this.#args = args;
  }

  /** An argument that is an int, of which the upper half is undefined. */
  int(at: number): number {
    return (this.#args[at] ?? 0) | 0;
  }

  /** An argument that is a pointer or a long. */
  long(at: number): number {
    return this.#args[at] ?? 0;
  }

  /** Whether the thread still waits: false once it was killed. */
  get waits(): boolean {
    return this.#addon.waits(this.program.listener, this.#id);
  }

  /** @throws Errno EFAULT where that much is not readable */
  read(address: number, length: number): Buffer {
    const bytes = this.#addon.read(this.program.listener, this.#id, this.thread, address, length);
    if (bytes === undefined || bytes.length < length) throw new Errno('EFAULT');
    return bytes;
  }

  /** A path that is not the first argument of its call. @throws Errno EFAULT, ENAMETOOLONG */
  readPath(address: number): Buffer {
    const bytes = this.#addon.read(this.program.listener, this.#id, this.thread, address, 4096);
    if (bytes === undefined) throw new Errno('EFAULT');
    const end = bytes.indexOf(0);
    if (end === -1) throw new Errno(bytes.length < 4096 ? 'EFAULT' : 'ENAMETOOLONG');
    return bytes.subarray(0, end);
  }

  /** @throws Errno EFAULT where the program may not write */
  write(address: number, bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (!this.#addon.write(this.program.listener, this.#id, this.thread, address, bytes)) throw new Errno('EFAULT');
  }

  /** Our copy of one of the thread's descriptors; the caller closes it. @throws EBADF */
  take(descriptor: number): number {
    return this.#addon.takeDescriptor(this.thread, descriptor);
  }

  /** Ends the call. */
  end(outcome: Exclude<Outcome, object>, errno = 0): void {
    if (outcome === 'pass') this.#addon.answer(this.program.listener, this.#id);
    else this.#addon.answer(this.program.listener, this.#id, outcome, errno);
  }

  /** Ends the call with a copy of a descriptor. @throws EMFILE, as the call itself would */
  give(descriptor: number, closeOnExec: boolean): void {
    this.#addon.giveDescriptor(this.program.listener, this.#id, descriptor, closeOnExec);
  }
}
