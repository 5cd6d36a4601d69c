// One connection of the pod's, delivered to the program: bytes both ways, and over the program's restart where
// that is possible. When its program goes away,
//
//   - a connection without a request, or whose requests are all answered, stays, and its next request goes to the next program;
//   - a request that the program had not read, or that may be asked twice (GET), goes to the next program;
//   - any other connection ends as the program ended it.

import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel } from '../protocol/channel.ts';
import { Exchange } from './exchange.ts';
import type { Listener, TakenPort } from './taken-port.ts';

/** A program's connections end a moment before its layer is known to be gone. */
const goneWithinMs = 50;
/** A request that came to a program that was already dead is reset within this time. */
const resetWithinMs = 10;

/** A connection to the program that listens, and which one that is. */
export interface Connected {
  readonly socket: Socket;
  readonly listener: Listener;
}

export class Delivery {
  #channel: Channel;
  #port: TakenPort;
  #connect: () => Promise<Connected>;
  #exchange = new Exchange();
  #socket: Socket;

  /** @param connect connects to the program that listens, once one does */
  constructor(channel: Channel, port: TakenPort, first: Connected, connect: () => Promise<Connected>) {
    this.#channel = channel;
    this.#port = port;
    this.#connect = connect;
    this.#socket = first.socket;
    channel.on('data', (chunk: Buffer) => {
      this.#exchange.sent(chunk);
      if (!this.#socket.write(chunk)) channel.pause();
    });
    channel.on('drain', () => this.#socket.resume());
    channel.once('end', () => this.#socket.end());
    channel.once('close', () => {
      if (!isOver(channel)) this.#socket.resetAndDestroy();
    });
    this.#attach(first);
    if (channel.destroyed) first.socket.resetAndDestroy();
  }

  #attach({ socket, listener }: Connected): void {
    const channel = this.#channel;
    let isReset = socket.destroyed;
    let isDeciding = false;
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#exchange.answered(chunk);
      if (!channel.write(chunk)) socket.pause();
    });
    socket.on('drain', () => channel.resume());
    socket.on('error', () => {
      isReset = true;
    });
    const ended = async () => {
      if (isDeciding) return;
      isDeciding = true;
      channel.pause();
      if (!channel.destroyed && this.#canGoOn() && (await this.#port.isAbandoned(listener, goneWithinMs))) {
        await sleep(resetWithinMs);
        if (await this.#goOn(isReset)) return;
      }
      isDeciding = false;
      if (isReset || !socket.readableEnded) return void channel.destroy();
      channel.end();
      channel.resume();
    };
    socket.once('end', ended);
    socket.once('close', () => {
      if (!isOver(socket)) void ended();
    });
    if (isReset) void ended();
  }

  /** Whether it is worth to ask for the program: most connections end because somebody ended them. */
  #canGoOn(): boolean {
    return this.#exchange.isIdle || this.#exchange.toResend(true) !== undefined;
  }

  /** @returns false when the connection cannot go on with another program */
  async #goOn(unread: boolean): Promise<boolean> {
    const again = this.#exchange.toResend(unread);
    if (again === undefined && !this.#exchange.isIdle) return false;
    this.#socket.destroy();
    try {
      const next = await this.#connect();
      if (again !== undefined) next.socket.write(again);
      this.#attach(next);
    } catch {
      if (again === undefined) this.#channel.end();
      else this.#channel.destroy();
      return true;
    }
    if (this.#channel.destroyed) this.#socket.resetAndDestroy();
    else if (this.#channel.readableEnded) this.#socket.end();
    else this.#channel.resume();
    return true;
  }
}

/** Both directions came to their regular end; what was written last may still be on its way. */
function isOver(stream: Socket | Channel): boolean {
  return stream.readableEnded && stream.writableFinished;
}
