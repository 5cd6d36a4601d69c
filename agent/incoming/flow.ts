// Backpressure between a client and its sides: who writes faster than the other reads is paused.

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The reasons for which a client is not read just now. */
export class ClientFlow {
  #client: Socket;
  #reasons = new Set<string>();

  constructor(client: Socket) {
    this.#client = client;
  }

  pause(reason: string): void {
    this.#reasons.add(reason);
    this.#client.pause();
  }

  resume(reason: string): void {
    if (this.#reasons.delete(reason) && this.#reasons.size === 0) this.#client.resume();
  }

  /** Writes to a side; the client waits while that has too much to do. */
  toSide(stream: Duplex, bytes: Buffer): void {
    if (stream.write(bytes) || this.#reasons.has('full')) return;
    this.pause('full');
    const again = () => {
      stream.off('drain', again).off('close', again);
      this.resume('full');
    };
    stream.on('drain', again).on('close', again);
  }

  /** Writes to the client; the side waits likewise. */
  toClient(stream: Duplex, bytes: Buffer): void {
    const client = this.#client;
    if (client.writableEnded || client.write(bytes) || stream.isPaused()) return;
    stream.pause();
    client.once('drain', () => stream.resume());
  }
}

/** How long one half of a connection may take to end when the other has. */
const lingerMs = 5_000;

export function endClient(client: Socket): void {
  if (client.writableEnded) return;
  client.end();
  // One that never ends its half would hold the connection for ever.
  client.setTimeout(lingerMs, () => client.destroy());
}

/** As a side has broken off; what it said before gets to the client. */
export function breakClient(client: Socket): void {
  if (client.writableLength === 0) client.resetAndDestroy();
  else client.write(Buffer.alloc(0), () => client.resetAndDestroy());
}

/** The client is gone: in order, or broken off. */
export function endSide(stream: Duplex, inOrder: boolean): void {
  if (!inOrder) {
    if ('resetAndDestroy' in stream) (stream as Socket).resetAndDestroy();
    else stream.destroy();
    return;
  }
  stream.end();
  stream.resume();
  const timer = setTimeout(() => stream.destroy(), lingerMs);
  stream.once('close', () => clearTimeout(timer));
}
