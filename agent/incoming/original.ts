// The way to the original container: a connection to where the client wanted to go, from the client's own
// address, so that logs, access rules and rate limits there see what they always saw. (The port is one of ours:
// the client's own belongs to its connection to us.) Nothing is written to it but the client's bytes.

import { readSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Addon } from '../addon.ts';
import { log, reasonOf } from '../log.ts';
import { passMark } from './nftables.ts';
import { descriptorOf, type Redirected } from './redirect.ts';
import type { Routes } from './routes.ts';

export class Original {
  #addon: Addon;
  #routes: Routes;
  #told = false;

  constructor(addon: Addon, routes: Routes) {
    this.#addon = addon;
    this.#routes = routes;
  }

  /** @returns a socket that is connecting; its 'close' says when it cannot. Never throws. */
  connect({ client, server }: Pick<Redirected, 'client' | 'server'>): Socket {
    try {
      const isV6 = server.host.includes(':');
      // `manualStart` keeps Node from reading before it is connected; it is in no documentation, and in every
      // version since 0.10. The descriptor is the socket's from here on.
      const options = { fd: this.#open(isV6, client.host), readable: true, writable: true, manualStart: true };
      const socket = new SocketToOriginal({ ...options, allowHalfOpen: true });
      return socket.setNoDelay(true).connect(server.port, server.host);
    } catch (error) {
      // Out of descriptors, say. Other connections are to live on.
      log('original not reached', { reason: reasonOf(error) });
      return new Socket().destroy();
    }
  }

  #open(isV6: boolean, clientHost: string): number {
    if (this.#routes.versions.has(isV6 ? 6 : 4)) {
      try {
        return this.#addon.markedSocket(passMark, isV6, clientHost);
      } catch (error) {
        this.#tellOnce(reasonOf(error));
      }
    }
    return this.#addon.markedSocket(passMark, isV6, '');
  }

  #tellOnce(reason: string): void {
    if (this.#told) return;
    this.#told = true;
    log('pod sees the agent as client', { reason });
  }
}

/**
 * A server that answers before it has read all, and closes, resets its connection: the next write fails while the
 * answer is still in the kernel. Node gives up then; this socket reads what is there first.
 */
class SocketToOriginal extends Socket {
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (error !== null) {
      for (let chunk = this.#readNow(); chunk.length > 0; chunk = this.#readNow()) this.emit('data', chunk);
    }
    super._destroy(error, done);
  }

  #readNow(): Buffer {
    const bytes = Buffer.allocUnsafe(64 * 1024);
    try {
      return bytes.subarray(0, readSync(descriptorOf(this), bytes));
    } catch {
      return bytes.subarray(0, 0); // EAGAIN: nothing; ECONNRESET: nothing any more
    }
  }
}
