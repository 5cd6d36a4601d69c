// Requests to the pod, on the developer's machine: who listens for which port of the pod, and the
// connections that the proxy makes to the program in place of the pod's clients.

import net from 'node:net';
import { MirrordError } from '../errors.ts';
import type { Channel } from '../protocol/channel.ts';
import { RemoteError } from '../protocol/failure.ts';
import type { Link } from '../protocol/link.ts';
import type { Address, ReplyOf, RequestOf } from '../protocol/schema.ts';
import { type Connected, Delivery } from './delivery.ts';
import type { Links } from './links.ts';
import { type Listener, nobodyListens, sameListener, TakenPort } from './taken-port.ts';

/** How long a program that refuses a connection may take to be known as gone. */
const goneWithinMs = 1_000;

/** What the session wants of the ports that its programs listen on. */
export type WantedOfPorts = Omit<RequestOf<'steal'>, 'port'> & {
  /** The only ports that the filter is for: others are wanted whole. */
  readonly filteredPorts: readonly number[] | undefined;
};

export class Incoming {
  #links: Links;
  #wanted: WantedOfPorts;
  #report: (text: string) => void;
  /** By the pod's number. */
  #ports = new Map<number, TakenPort>();
  /** Those that the pod knows nothing of. */
  #localListeners: Listener[] = [];
  /** The true two ends behind each connection to the program, by the proxy's local port. */
  #peers = new Map<number, ReplyOf<'peerOf'>>();
  #connecting = new Set<Promise<unknown>>();

  /** @param report tells the developer */
  constructor(links: Links, wanted: WantedOfPorts, report: (text: string) => void) {
    this.#links = links;
    this.#wanted = wanted;
    this.#report = report;
  }

  /** @returns the newest listener for a port of the pod, if this session has one */
  find(port: number): Listener | undefined {
    return this.#ports.get(port)?.newest;
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

  /** Takes the pod's port, unless the session has it already: for another listener, or for the next one. */
  async listen(listener: Listener): Promise<void> {
    const { port } = listener;
    const taken = this.#ports.get(port) ?? new TakenPort(() => void this.#release(port));
    taken.add(listener);
    if (this.#ports.has(port)) return;
    this.#ports.set(port, taken);
    const answers = await Promise.allSettled(this.#links.all.map((link) => this.#claim(port, link)));
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as Error] : []));
    const refusal = refusals.find(isTaken) ?? (refusals.length === answers.length ? refusals[0] : undefined);
    if (refusal === undefined) return;
    taken.remove(listener);
    await this.#release(port);
    if (isTaken(refusal)) this.#report(portTaken(refusal).text);
    throw refusal;
  }

  /** One more pod: its requests come here as those of the others do. */
  async joined(link: Link): Promise<void> {
    const answers = await Promise.allSettled([...this.#ports.keys()].map((port) => this.#claim(port, link)));
    for (const answer of answers) {
      if (answer.status === 'fulfilled' || isGone(answer.reason)) continue;
      this.#report(isTaken(answer.reason) ? portTaken(answer.reason).text : `${(answer.reason as Error).message}`);
    }
  }

  async #claim(port: number, link: Link): Promise<void> {
    const { filteredPorts, filter, ...wanted } = this.#wanted;
    const isFiltered = filteredPorts === undefined || filteredPorts.includes(port);
    await link.request('steal', { port, ...wanted, filter: isFiltered ? filter : '' });
    // Given back while it was asked for.
    if (!this.#ports.has(port)) await link.request('release', { port });
  }

  /** The program has closed its port: with the last listener the pod gets it back at once. */
  async unlisten(listener: Listener): Promise<void> {
    const taken = this.#ports.get(listener.port);
    if (taken?.remove(listener) === true && taken.newest === undefined) await this.#release(listener.port);
  }

  /** The program has gone, perhaps to be restarted: requests to its port wait for the next one. */
  abandon(listener: Listener): void {
    this.#ports.get(listener.port)?.abandon(listener);
  }

  /** The agent's request: connects to the program and joins the two connections. */
  async accept(request: RequestOf<'incoming'>, channel: Channel): Promise<ReplyOf<'incoming'>> {
    const { port, client, server, mirrored } = request;
    const taken = this.#ports.get(port);
    // A copy waits for nobody.
    if (taken === undefined || (mirrored && taken.newest === undefined)) throw nobodyListens();
    const connect = () => this.#connect(taken, { client, server });
    const first = await connect();
    if (mirrored) copyInto(first.socket, channel);
    else new Delivery(channel, taken, first, connect);
    return {};
  }

  async #connect(taken: TakenPort, ends: ReplyOf<'peerOf'>): Promise<Connected> {
    for (;;) {
      const listener = await taken.next();
      const connected = connectLocally(listener.local);
      this.#connecting.add(connected);
      try {
        const socket = await connected;
        const localPort = socket.localPort ?? 0;
        this.#peers.set(localPort, ends);
        socket.once('close', () => this.#peers.delete(localPort));
        return { socket, listener };
      } catch (error) {
        if (!(await taken.isAbandoned(listener, goneWithinMs))) throw error;
      } finally {
        this.#connecting.delete(connected);
      }
    }
  }

  async #release(port: number): Promise<void> {
    const released = this.#links.all.map((link) => link.request('release', { port }));
    // Not later: a program can listen again at once. Not earlier: who is refused goes to the pod then.
    this.#ports.get(port)?.close();
    this.#ports.delete(port);
    await Promise.allSettled(released); // a pod that is gone needs no release
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

/** A mirrored connection: what the program answers is for nobody, and the pod's clients wait for nothing. */
function copyInto(socket: net.Socket, channel: Channel): void {
  socket.on('error', () => {}); // 'close' follows, and says it
  socket.once('close', () => channel.destroy());
  channel.once('close', () => socket.destroySoon());
  socket.resume();
  channel.pipe(socket);
}

/** Another developer has the port. */
function isTaken(error: unknown): error is RemoteError {
  return error instanceof RemoteError && error.code === 'EADDRINUSE';
}

/** The pod went just then. */
function isGone(error: unknown): boolean {
  return error instanceof RemoteError && error.code === 'LINK_CLOSED';
}

/** The program gets EADDRINUSE, as from any port that is taken; the developer is told by whom. */
function portTaken(cause: RemoteError): MirrordError {
  return new MirrordError('PORT_TAKEN', cause.message, {
    help:
      'Agree with them, or let both be: an HTTP filter on either side, or mode "mirror" here. ' +
      '"on_concurrent_steal": "override" under feature.network.incoming takes it over.',
    cause,
  });
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
