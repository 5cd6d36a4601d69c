// Stealing: which session takes the connections to which port of the target. The redirect (a listener and
// the kernel's rules) is there while somebody steals or a stolen connection is open, and only then: the
// rules also translate the packets of the connections that they redirected.

import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { RemoteError } from '../../src/protocol/failure.ts';
import type { Link } from '../../src/protocol/link.ts';
import { splice } from '../../src/protocol/splice.ts';
import type { Addon } from '../addon.ts';
import { log, reasonOf } from '../log.ts';
import { Redirect, type Redirected } from './redirect.ts';

interface Subscription {
  readonly link: Link;
  /** Set once the kernel brings the port's connections. */
  redirect: Redirect | undefined;
  /** Aborted when the port is released. */
  readonly released: AbortController;
}

/** A program closes its port a moment before it is released here: how long a refused connection waits for that. */
const releaseMs = 1_000;

/** How long after its last use the redirect stays: handshakes that began before its end are still on the way. */
const quietMs = 250;

export class Steals {
  #addon: Addon;
  #subscriptions = new Map<number, Subscription>();
  #connections = new Set<Socket>();
  #redirect: Promise<Redirect> | undefined;
  #closing: NodeJS.Timeout | undefined;
  #whenClosed: (() => void)[] = [];

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  /** From now on new connections to the port go to the session. @throws RemoteError `EADDRINUSE`, `EOPNOTSUPP`, … */
  async steal(port: number, link: Link): Promise<void> {
    const other = this.#subscriptions.get(port);
    if (other?.link === link) return;
    if (other !== undefined) throw portTaken(port, other.link);
    if (port === 0) throw new RemoteError('EINVAL', 'a port to steal is 1 to 65535');
    const subscription: Subscription = { link, redirect: undefined, released: new AbortController() };
    this.#subscriptions.set(port, subscription);
    try {
      clearTimeout(this.#closing);
      this.#redirect ??= Redirect.open(this.#addon, (connection) => this.#accept(connection));
      const redirect = await this.#redirect;
      if (this.#subscriptions.get(port) !== subscription) throw new RemoteError('ECANCELED', 'the session has ended');
      redirect.table.add(port);
      subscription.redirect = redirect;
      log('steal', { port });
    } catch (error) {
      log('steal failed', { port, reason: reasonOf(error) });
      if (this.#subscriptions.get(port) === subscription) this.#subscriptions.delete(port);
      this.#closeWhenUnused();
      throw error;
    }
  }

  /** New connections to the port go to the target again; those that are open go on. */
  release(port: number, link: Link): void {
    const subscription = this.#subscriptions.get(port);
    if (subscription?.link !== link) return;
    this.#subscriptions.delete(port);
    subscription.released.abort();
    try {
      subscription.redirect?.table.remove(port);
      log('release', { port });
    } finally {
      this.#closeWhenUnused();
    }
  }

  /** The session is over. Its open connections end with its link's channels. */
  releaseAll(link: Link): void {
    for (const port of [...this.#subscriptions.keys()]) {
      try {
        this.release(port, link);
      } catch (error) {
        log('release failed', { port, reason: reasonOf(error) });
      }
    }
  }

  #accept(connection: Redirected): void {
    const subscription = this.#subscriptions.get(connection.server.port);
    clearTimeout(this.#closing);
    this.#connections.add(connection.socket);
    connection.socket.once('close', () => {
      this.#connections.delete(connection.socket);
      this.#closeWhenUnused();
    });
    // None when the port was released a moment ago.
    if (subscription === undefined) passOn(connection);
    else void offer(connection, subscription);
  }

  /** Settles when no port is stolen and no connection is left on its way; at once if it is so already. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#redirect === undefined) resolve();
      else this.#whenClosed.push(resolve);
    });
  }

  #closeWhenUnused(): void {
    clearTimeout(this.#closing);
    if (this.#subscriptions.size > 0 || this.#connections.size > 0) return;
    this.#closing = setTimeout(() => this.#close(), quietMs);
  }

  #close(): void {
    void this.#redirect?.then(
      (redirect) => redirect.close(),
      () => {}, // it did not open, as those who asked for it have been told
    );
    this.#redirect = undefined;
    for (const resolve of this.#whenClosed.splice(0)) resolve();
  }
}

/** Asks the program to take the connection. One that it refuses because it ends goes to the target after all. */
async function offer(connection: Redirected, { link, released }: Subscription): Promise<void> {
  const { socket, client, server } = connection;
  try {
    const { channel } = await link.openStream('incoming', { port: server.port, client, server });
    splice(socket, channel);
  } catch {
    const { signal } = released;
    if (!signal.aborted) await sleep(releaseMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) passOn(connection);
    else socket.resetAndDestroy(); // as from a port that is closed
  }
}

/** The target answers, as it does for all later connections. (It sees the pod itself as the client.) */
function passOn({ socket, server }: Redirected): void {
  const original = connect({ ...server, allowHalfOpen: true, noDelay: true });
  original.on('error', () => socket.resetAndDestroy());
  socket.on('error', () => original.resetAndDestroy());
  socket.on('close', () => original.destroy());
  socket.pipe(original);
  original.pipe(socket);
}

function portTaken(port: number, { peer }: Link): RemoteError {
  return new RemoteError('EADDRINUSE', `Port ${port} is already stolen by another session (mirrord ${peer.version}).`);
}
