// Outgoing connections of native programs: the program's own socket connects to this port, and the layer says over
// its own connection what is to become of it. There is no preamble in the program's bytes.
//
// A program that does not wait for its connect finds its socket full (the layer's padding, which nobody reads) and so
// not writable until the pod has connected: poll(2), select(2) and epoll(7) say by themselves when that is.

import net from 'node:net';
import { leadsToLoopback } from '../policy/sockets.ts';
import { RemoteError } from '../protocol/failure.ts';
import type { Address, ReplyOf, RequestOf } from '../protocol/schema.ts';
import { splice } from '../protocol/splice.ts';
import { connectLocally, type Incoming } from './incoming.ts';
import type { Links } from './links.ts';
import type { NativeNetwork } from './native-network.ts';

/** The layer asks when its socket is connected, so that is here or on its way through this process. */
const arrivalTimeoutMs = 10_000;

type Ends = ReplyOf<'connectFrom'>;

export class NativeConnections {
  #links: Links;
  #incoming: Incoming;
  #network: NativeNetwork;
  #arrived = new Map<number, net.Socket>();
  #awaited = new Map<number, (socket: net.Socket) => void>();
  #results = new Map<number, Promise<Ends>>();
  #server: net.Server | undefined;

  constructor(links: Links, incoming: Incoming, network: NativeNetwork) {
    this.#links = links;
    this.#incoming = incoming;
    this.#network = network;
  }

  /** @returns the port */
  async listen(): Promise<number> {
    // Paused: what the program sends early is not read, and the padding keeps its socket full.
    const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#arrive(socket),
    );
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    this.#server = server;
    return (server.address() as net.AddressInfo).port;
  }

  close(): void {
    this.#server?.close();
    for (const socket of this.#arrived.values()) socket.destroy();
  }

  /** @returns the pod's two ends, or with `wait` off something empty at once */
  async connectFrom({ port, to, padding, wait }: RequestOf<'connectFrom'>): Promise<Ends> {
    const result = this.#take(port).then((socket) => this.#connect(socket, to, padding));
    result.catch(() => {}); // told by whoever asks
    this.#results.set(port, result);
    return wait ? result : { local: { host: '', port: 0 }, remote: to };
  }

  async connectResult({ port }: RequestOf<'connectResult'>): Promise<Ends> {
    const result = this.#results.get(port);
    if (result === undefined) throw new RemoteError('ENOTCONN', `no connection comes from port ${port}`);
    return result;
  }

  #arrive(socket: net.Socket): void {
    const port = socket.remotePort ?? 0;
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#arrived.delete(port));
    const awaited = this.#awaited.get(port);
    if (awaited !== undefined) awaited(socket);
    else this.#arrived.set(port, socket);
  }

  #take(port: number): Promise<net.Socket> {
    const arrived = this.#arrived.get(port);
    this.#arrived.delete(port);
    if (arrived !== undefined) return Promise.resolve(arrived);
    return new Promise((resolve, reject) => {
      const settle = (done: () => void) => {
        clearTimeout(timer);
        this.#awaited.delete(port);
        done();
      };
      const late = () => settle(() => reject(new RemoteError('ETIMEDOUT', `nothing came from port ${port}`)));
      const timer = setTimeout(late, arrivalTimeoutMs);
      this.#awaited.set(port, (socket) => settle(() => resolve(socket)));
    });
  }

  async #connect(socket: net.Socket, to: Address, padding: number): Promise<Ends> {
    try {
      const own = leadsToLoopback(to.host) ? this.#incoming.findOwn(to.port)?.local : undefined;
      const here = own ?? (this.#network.sideOf('tcp', to.host, to.port) === 'local' ? to : undefined);
      return here === undefined
        ? await this.#connectFromPod(socket, to, padding)
        : await connectHere(socket, here, to, padding);
    } catch (error) {
      socket.resetAndDestroy();
      throw error;
    }
  }

  async #connectFromPod(socket: net.Socket, to: Address, padding: number): Promise<Ends> {
    const { reply, channel } = await this.#links.main.openStream('connectTcp', { to });
    skip(socket, padding).then(
      () => splice(socket, channel),
      () => channel.destroy(),
    );
    return reply;
  }
}

/** The session listens on this port of the pod itself, or the configuration keeps the connection on this machine. */
async function connectHere(socket: net.Socket, here: Address, to: Address, padding: number): Promise<Ends> {
  const program = await connectLocally(here);
  program.on('error', () => socket.resetAndDestroy());
  socket.on('error', () => program.resetAndDestroy());
  skip(socket, padding).then(
    () => socket.pipe(program).pipe(socket),
    () => program.destroy(),
  );
  return { local: { host: to.host, port: program.localPort ?? 0 }, remote: to };
}

/** Reads and forgets the first bytes; the socket is paused behind them. Rejects when it ends before. */
function skip(socket: net.Socket, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    if (bytes === 0) return resolve();
    let left = bytes;
    const ended = () => reject(new Error('the program gave the connection up'));
    socket.once('close', ended).once('end', ended);
    socket.on('data', function onData(chunk: Buffer) {
      left -= chunk.length;
      if (left > 0) return;
      socket.off('data', onData).off('close', ended).off('end', ended).pause();
      if (left < 0) socket.unshift(chunk.subarray(left));
      resolve();
    });
    socket.resume();
  });
}
