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
  /** A netfilter netlink socket of the main thread's network. The caller closes it. */
  openNetlink(): number;
  /** Sends a datagram to the kernel and returns those that it answered with. */
  exchange(fd: number, request: Buffer): Buffer[];
}

export function loadAddon(): Addon {
  const bundle = process.argv[1] ?? '';
  const module = { exports: {} };
  process.dlopen(module, join(dirname(bundle), 'mirrord_agent.node'));
  return module.exports as Addon; // its functions are those of addon.c
}
