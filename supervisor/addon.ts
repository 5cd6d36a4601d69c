// The system calls that Node lacks (native/seccomp/addon.c), typed. All are synchronous, never block, and throw an
// Error with `code`, `errno` and `syscall` unless they say otherwise.

import { dirname, join } from 'node:path';

/** A wait that `startPoll` began. */
export type Poll = { readonly poll: unique symbol };

export interface Addon {
  /** The numbers of the calls that stop, on this processor; an old call is on some only. */
  readonly calls: Readonly<Partial<Record<string, number>>>;

  /** Prepares a filter's descriptor. */
  listenTo(listener: number): void;
  /**
   * Takes the next stopped call: its id, its number, thread and six arguments.
   * @returns its path; `true` when it has none, `null` when that cannot be read; `false` when no call has stopped,
   *   `undefined` when no process is left
   */
  receive(listener: number, ids: BigUint64Array, call: Float64Array): Buffer | boolean | null | undefined;
  /** Whether the thread still waits for its answer. */
  waits(listener: number, id: bigint): boolean;
  /** Ends a call with a result, or an errno; with neither the kernel does it. False when nobody waits any more. */
  answer(listener: number, id: bigint, value?: number, errno?: number): boolean;
  /** Ends a call with a copy of our descriptor as its result. False when nobody waits any more. */
  giveDescriptor(listener: number, id: bigint, descriptor: number, closeOnExec: boolean): boolean;
  /** @returns a descriptor of ours for a thread's descriptor; the caller closes it */
  takeDescriptor(thread: number, descriptor: number): number;
  /** The process of a thread, or -1. */
  processOf(thread: number): number;
  /** Undefined where nothing is readable; shorter than asked for where the memory ends. */
  read(listener: number, id: bigint, thread: number, address: number, length: number): Buffer | undefined;
  /** False where the thread could not write there itself, or nobody waits any more. */
  write(listener: number, id: bigint, thread: number, address: number, bytes: Buffer): boolean;

  /** memfd_create(2); a name of up to 249 bytes. */
  makeFile(name: string): number;
  /** pipe(2) of 1 MiB where that is allowed; the readable end does not block. */
  makePipe(): [readable: number, writable: number];
  /** lseek(2). */
  seek(fd: number, offset: number, whence: 0 | 1 | 2): number;
  /** Calls back whenever the descriptor is readable (1) or writable (2), until `stopPoll`. */
  startPoll(fd: number, events: 1 | 2, callback: () => void): Poll;
  stopPoll(poll: Poll): void;

  /** The kernel's structs from numbers, in the order of the messages' fields. */
  encodeStat(stat: BigInt64Array): Buffer;
  encodeStatx(stat: BigInt64Array): Buffer;
  encodeStatfs(stat: BigInt64Array): Buffer;
  /** This machine's struct utsname with another host name. */
  uname(hostname: string): Buffer;

  /** Addresses are Buffers with a struct sockaddr. The socket is non-blocking and closes on exec. */
  socket(family: number, type: number): number;
  bind(fd: number, address: Buffer): void;
  connect(fd: number, address: Buffer): void;
  disconnect(fd: number): void;
  listen(fd: number, backlog: number): void;
  /** @returns a descriptor that closes on exec; throws EAGAIN when nobody waits, also on a blocking socket */
  accept(fd: number, flags: number): number;
  /** Undefined for a socket that has none, and for what is no socket. */
  addressOf(fd: number): Buffer | undefined;
  peerOf(fd: number): Buffer | undefined;
  send(fd: number, bytes: Buffer, flags: number, to: Buffer | undefined): number;
  receiveFrom(fd: number, flags: number): { readonly data: Buffer; readonly from: Buffer };
  /** SO_RCVTIMEO in milliseconds; 0 is none. */
  receiveTimeout(fd: number): number;
  option(fd: number, level: number, name: number): number;
  setOption(fd: number, level: number, name: number, value: number): void;
  /** A listening socket acts as if no packet reached it, until switched off. */
  dropAll(fd: number, on: boolean): void;
  /** fcntl(2), F_GETFL. */
  flagsOf(fd: number): number;
}

/** The addon lies beside this file's bundle. */
export function loadAddon(): Addon {
  const module = { exports: {} };
  process.dlopen(module, join(dirname(__filename), 'mirrord_seccomp.node'));
  return module.exports as Addon; // its functions are those of addon.c
}
