// Requests to the pod, on the developer's machine: who listens for which port of the pod, and the
// connections that the proxy makes to the program in place of the pod's clients.

import net from 'node:net';
import type { Channel } from '../protocol/channel.ts';
import { RemoteError } from '../protocol/failure.ts';
import type { Link } from '../protocol/link.ts';
import type { Address, ReplyOf, RequestOf } from '../protocol/schema.ts';
import { splice } from '../protocol/splice.ts';

/** A program that listens on `local` for what the pod gets on `port`. */
export interface Listener {
  readonly port: number;
  readonly local: Address;
}

/** What the session wants of the ports that its programs listen on. */
export type WantedOfPorts = Omit<RequestOf<'steal'>, 'port'>;

export class Incoming {
  #link: Link;
  #wanted: WantedOfPorts;
  #listeners: Listener[] = [];
  /** Those that the pod knows nothing of. */
  #localListeners: Listener[] = [];
  /** The true two ends behind each connection to the program, by the proxy's local port. */
  #peers = new Map<number, ReplyOf<'peerOf'>>();
  #connecting = new Set<Promise<unknown>>();

  constructor(link: Link, wanted: WantedOfPorts) {
    this.#link = link;
    this.#wanted = wanted;
  }

  /** @returns the newest listener for a port of the pod, if this session has one */
  find(port: number): Listener | undefined {
    return this.#listeners.findLast((listener) => listener.port === port);
  }

  /** @returns the newest program of this session that listens on a port, for the pod or on this machine only */
  findOwn(port: number): Listener | undefined {
    return this.find(port) ?? this.#localListeners.findLast((listener) => listener.port === port);
  }

  announce(listener: Listener): void {
    this.#localListeners.push(listener);
  }

  withdraw(listener: Listener): void {
    const at = this.#localListeners.findIndex((known) => sameListener(known, listener));
    if (at !== -1) this.#localListeners.splice(at, 1);
  }

  /** Takes the pod's port, unless another listener of the session has it already. */
  async listen(listener: Listener): Promise<void> {
    const first = this.find(listener.port) === undefined;
    this.#listeners.push(listener);
    if (!first) return;
    try {
      await this.#link.request('steal', { port: listener.port, ...this.#wanted });
    } catch (error) {
      this.#listeners.splice(this.#listeners.indexOf(listener), 1);
      throw error;
    }
  }

  /** Gives the pod's port back with its last listener. */
  async unlisten(listener: Listener): Promise<void> {
    const at = this.#listeners.indexOf(listener);
    if (at === -1) return;
    this.#listeners.splice(at, 1);
    if (this.find(listener.port) === undefined) await this.#link.request('release', { port: listener.port });
  }

  /** The agent's request: connects to the program and joins the two connections. */
  async accept({ port, client, server }: RequestOf<'incoming'>, channel: Channel): Promise<ReplyOf<'incoming'>> {
    const listener = this.find(port);
    if (listener === undefined) throw new RemoteError('ECONNREFUSED', `nobody listens for port ${port}`);
    const connected = connectLocally(listener.local);
    this.#connecting.add(connected);
    try {
      const socket = await connected;
      const localPort = socket.localPort ?? 0;
      this.#peers.set(localPort, { client, server });
      socket.once('close', () => this.#peers.delete(localPort));
      splice(socket, channel);
      return {};
    } finally {
      this.#connecting.delete(connected);
    }
  }

  /**
   * Who is behind the connection that the proxy made from local `port`.
   * @throws RemoteError `ENOTCONN` when that is no connection of the proxy's: the program's peer is real
   */
  async peerOf(port: number): Promise<ReplyOf<'peerOf'>> {
    // The program can accept and ask before this process has heard that its connect succeeded.
    if (!this.#peers.has(port)) await Promise.allSettled(this.#connecting);
    const peer = this.#peers.get(port);
    if (peer === undefined) throw new RemoteError('ENOTCONN', `port ${port} is not the proxy's`);
    return peer;
  }
}

export function sameListener(a: Listener, b: Listener): boolean {
  return a.port === b.port && a.local.port === b.local.port;
}

/** @throws the system error of connect(2) */
export function connectLocally(to: Address): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: to.host, port: to.port, allowHalfOpen: true, noDelay: true });
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
