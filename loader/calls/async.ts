// Calls that do not block, for fs's callback and promise forms and for connecting: many at once over one
// unix socket, which is opened when the first is made.

import { AsyncResource } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { decodeFailure } from '../../src/protocol/failure.ts';
import { encodeFrame, FrameDecoder, type OutgoingFrame } from '../../src/protocol/frame.ts';
import {
  decodeReply,
  encodeRequest,
  type MessageName,
  messages,
  type ReplyOf,
  type RequestOf,
} from '../../src/protocol/schema.ts';
import { linkLost } from './lost.ts';

/** How a call ended: an error, or the reply's bytes. */
type Settle = (error: Error | undefined, payload: Buffer) => void;

const nothing = Buffer.alloc(0);

export class AsyncCalls {
  #path: string;
  #hello: OutgoingFrame;
  #socket: Socket | undefined;
  #pending = new Map<number, Settle>();
  #nextCall = 1;

  /** @param path the proxy's unix socket @param hello the frame that says who we are */
  constructor(path: string, hello: OutgoingFrame) {
    this.#path = path;
    this.#hello = hello;
  }

  /**
   * Asks; `done` is called later with the reply or a RemoteError, in the async context of this call.
   * @returns the call's number, to give it up
   */
  call<Name extends MessageName>(
    name: Name,
    value: RequestOf<Name>,
    done: (error: Error | undefined, reply: ReplyOf<Name> | undefined) => void,
  ): number {
    const socket = this.#connected();
    const channel = this.expect(name, done);
    socket.write(
      encodeFrame({ kind: 'request', channel, message: messages[name].number, payload: encodeRequest(name, value) }),
    );
    return channel;
  }

  /** The promise form of `call`. */
  ask<Name extends MessageName>(name: Name, value: RequestOf<Name>): Promise<ReplyOf<Name>> {
    return new Promise((resolve, reject) => {
      // One of the two is always there.
      this.call(name, value, (error, reply) => (error === undefined ? resolve(reply as ReplyOf<Name>) : reject(error)));
    });
  }

  /** Waits for the answer to a request that goes another way. @returns the call's number, for that request */
  expect<Name extends MessageName>(
    name: Name,
    done: (error: Error | undefined, reply: ReplyOf<Name> | undefined) => void,
  ): number {
    const socket = this.#connected();
    const call = this.#nextCall;
    this.#nextCall = (call % 0xffffffff) + 1;
    const context = new AsyncResource('MIRRORDCALL');
    if (this.#pending.size === 0) socket.ref();
    this.#pending.set(call, (error, payload) => {
      try {
        context.runInAsyncScope(done, undefined, error, error === undefined ? decodeReply(name, payload) : undefined);
      } catch (thrown) {
        // The program's own exception: to uncaughtException, and not through our parser.
        process.nextTick(() => {
          throw thrown;
        });
      }
    });
    return call;
  }

  /** Gives a waiting call up: its answer, should one come, is dropped. */
  forget(call: number): void {
    if (this.#pending.delete(call) && this.#pending.size === 0) this.#socket?.unref();
  }

  #connected(): Socket {
    if (this.#socket !== undefined) return this.#socket;
    // Loaded when needed: most programs that only compute never come here.
    const { connect } = require('node:net') as typeof import('node:net');
    const socket = connect(this.#path);
    const decoder = new FrameDecoder();
    socket.unref();
    socket.write(encodeFrame(this.#hello));
    socket.on('data', (chunk: Buffer) => {
      for (const { kind, channel, payload } of decoder.push(chunk)) {
        if (kind === 'failure') this.#settle(channel, decodeFailure(payload), nothing);
        else this.#settle(channel, undefined, payload);
      }
    });
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => {
      for (const call of [...this.#pending.keys()]) this.#settle(call, linkLost(), nothing);
      this.#socket = undefined;
    });
    this.#socket = socket;
    return socket;
  }

  #settle(call: number, error: Error | undefined, payload: Buffer): void {
    const settle = this.#pending.get(call);
    this.forget(call);
    settle?.(error, payload);
  }
}
