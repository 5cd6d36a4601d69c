// The system calls that Node lacks (native/agent/addon.c), typed. The addon lies next to the bundle and
// is loaded once, at the start: behind chroot nothing is loaded from disk any more.

import { dirname, join } from 'node:path';
import type { Address } from '../src/protocol/schema.ts';

/** All are synchronous and throw an Error with `code`, `errno` and `syscall`. */
export interface Addon {
  /** The main thread enters a network namespace: sockets made from now on are in it. Pool threads stay. */
  setNetns(path: string): void;
  /** All threads of the process get a new root and current folder. */
  chroot(path: string): void;
  /** Where the client of a redirected connection wanted to go. Throws ENOENT for one that was not redirected. */
  originalDestination(fd: number): Address;
  /**
   * A TCP socket that is not connected yet and whose packets carry a mark (SO_MARK). With a `host` they come from
   * that address, whoever's it is (IP_TRANSPARENT); the caller's `host` is of the family, or "".
   * @returns its descriptor, which the caller closes
   */
  markedSocket(mark: number, isV6: boolean, host: string): number;
  /** Connects to a unix socket, an abstract one where `path` begins with NUL. @returns its descriptor */
  connectUnix(path: Buffer): number;
  /** A netlink socket (NETLINK_*: 0 routes, 4 sockets, 12 netfilter) of the main thread's network. The caller closes it. */
  openNetlink(protocol: number): number;
  /** lseek(2), which Node lacks. */
  seek(fd: number, offset: bigint, whence: number): bigint;
  /**
   * Every file call of the pool's threads is made as this user, for good. Call it once, while none is under way.
   * @param threads how many the pool has
   */
  becomeUser(uid: number, gid: number, groups: readonly number[], capabilities: bigint, threads: number): Promise<void>;
  /** The calling thread's file calls are made as that user too. */
  becomeFileUser(): void;
  /**
   * Opens, stats, reads from the start up to the length of `data`, and closes, when that takes no waiting.
   * @param stat gets the 14 fields of the protocol's `stat`
   * @param isMemory the file system is tmpfs, which cannot read without waiting, and never has to
   * @returns how many bytes were read; -EOPNOTSUPP; or -1 for what takes waiting, or is an error
   */
  readCached(path: Buffer, flags: number, stat: BigInt64Array, data: Buffer, isMemory: boolean): number;
  /** The same for a stat. @returns whether it could be told */
  statCached(path: Buffer, follow: boolean, stat: BigInt64Array): boolean;
  /** Sends a datagram to the kernel and returns those that it answered with. */
  exchange(fd: number, request: Buffer): Buffer[];
}

export function loadAddon(): Addon {
  const bundle = process.argv[1] ?? '';
  const module = { exports: {} };
  process.dlopen(module, join(dirname(bundle), 'mirrord_agent.node'));
  return module.exports as Addon; // its functions are those of addon.c
}
