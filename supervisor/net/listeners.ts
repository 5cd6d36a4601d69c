// The ports that supervised programs listen on, and when they stop: close(2) does not stop in the supervisor, so the
// sockets are looked for from time to time, and at once when a program has ended.

import fs from 'node:fs';
import type { Address } from '../../src/protocol/schema.ts';
import type { Session } from '../session.ts';

export interface Listener {
  readonly inode: number;
  /** Where the socket was when it began to listen. */
  readonly thread: number;
  readonly descriptor: number;
  /** What the program asked for. */
  readonly asked: Address;
  /** Where the proxy reaches it. */
  readonly local: Address;
  /** The pod's port that it has taken; undefined for one that only this session's programs reach. */
  readonly podPort: number | undefined;
}

const lookEveryMs = 250;
const maxAsked = 1000;

export class Listeners {
  #session: Session;
  #byInode = new Map<number, Listener>();
  /** What sockets were asked to bind, until they listen; those that never do are dropped, the oldest first. */
  #asked = new Map<number, Address>();
  #timer: NodeJS.Timeout | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  get any(): boolean {
    return this.#byInode.size > 0;
  }

  find(inode: number): Listener | undefined {
    return this.#byInode.get(inode);
  }

  /** Notes what a socket was asked to bind. */
  asked(inode: number, address: Address): void {
    this.#asked.delete(inode);
    this.#asked.set(inode, address);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > maxAsked && oldest !== undefined) this.#asked.delete(oldest);
  }

  askedBy(inode: number): Address | undefined {
    return this.#asked.get(inode);
  }

  /** Whether a program listens on this port of this machine. */
  hasLocalPort(port: number): boolean {
    return [...this.#byInode.values()].some(({ local }) => local.port === port);
  }

  /** Whether connections to this port are the proxy's. */
  isTaken(localPort: number): boolean {
    return [...this.#byInode.values()].some(({ local, podPort }) => podPort !== undefined && local.port === localPort);
  }

  add(listener: Listener): void {
    this.#byInode.set(listener.inode, listener);
    this.#timer ??= setInterval(() => this.look(), lookEveryMs);
  }

  /** Gives back the ports whose sockets are gone. */
  look(): void {
    let open: Set<number> | undefined;
    for (const listener of this.#byInode.values()) {
      if (isWhereItWas(listener)) continue;
      open ??= listeningInodes();
      if (open.has(listener.inode)) continue;
      this.#byInode.delete(listener.inode);
      this.#giveBack(listener);
    }
    if (this.#byInode.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #giveBack({ asked, local, podPort }: Listener): void {
    const { calls } = this.#session;
    const done =
      podPort === undefined
        ? calls.ask('withdraw', { port: asked.port, local })
        : calls.ask('unlisten', { port: podPort, local });
    done.catch(() => {}); // the session's end tells by itself
  }
}

function isWhereItWas({ thread, descriptor, inode }: Listener): boolean {
  try {
    return fs.readlinkSync(`/proc/${thread}/fd/${descriptor}`) === `socket:[${inode}]`;
  } catch {
    return false;
  }
}

/** proc_net_tcp(5): state 0A is LISTEN, the tenth column the inode. */
function listeningInodes(): Set<number> {
  const inodes = new Set<number>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    if (!fs.existsSync(table)) continue;
    for (const line of fs.readFileSync(table, 'utf8').split('\n')) {
      const columns = line.trim().split(/\s+/);
      if (columns[3] === '0A') inodes.add(Number(columns[9]));
    }
  }
  return inodes;
}
