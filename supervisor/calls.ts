// The supervisor's calls to its proxy: many at once over the unix socket of the session's folder, as every layer's.

import { connect, type Socket } from 'node:net';
import { decodeFailure, RemoteError } from '../src/protocol/failure.ts';
import { encodeFrame, type Frame, FrameDecoder, type OutgoingFrame } from '../src/protocol/frame.ts';
import {
  decodeReply,
  encodeRequest,
  type MessageName,
  messages,
  type ReplyOf,
  type RequestOf,
} from '../src/protocol/schema.ts';
import { say } from './say.ts';

interface Waiting {
  resolve(payload: Buffer): void;
  reject(error: Error): void;
}

export class Calls {
  #socket: Socket;
  #waiting = new Map<number, Waiting>();
  #last = 0;

  /** @param path the proxy's socket @param hello the frame that says who we are */
  constructor(path: string, hello: OutgoingFrame) {
    const decoder = new FrameDecoder();
    this.#socket = connect(path);
    this.#socket.write(encodeFrame(hello));
    this.#socket.on('data', (chunk: Buffer) => {
      for (const frame of decoder.push(chunk)) this.#settle(frame);
    });
    this.#socket.on('error', () => {}); // 'close' follows
    this.#socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(sessionOver());
      this.#waiting.clear();
    });
  }

  /** @throws RemoteError with the answer's code, or LINK_CLOSED */
  ask<Name extends MessageName>(name: Name, request: RequestOf<Name>): Promise<ReplyOf<Name>> {
    const { call, reply } = this.expect(name);
    const payload = encodeRequest(name, request);
    this.#socket.write(encodeFrame({ kind: 'request', channel: call, message: messages[name].number, payload }));
    return reply;
  }

  /** Waits for the answer to a request that goes another way, under the number `call`. */
  expect<Name extends MessageName>(name: Name): { readonly call: number; readonly reply: Promise<ReplyOf<Name>> } {
    this.#last = (this.#last % 0xffffffff) + 1;
    const call = this.#last;
    const payload = new Promise<Buffer>((resolve, reject) => {
      if (this.#socket.destroyed) reject(sessionOver());
      else this.#waiting.set(call, { resolve, reject });
    });
    const reply = payload.then((bytes) => decodeReply(name, bytes));
    reply.catch(() => {}); // whoever gives the call up does not look at it any more
    return { call, reply };
  }

  /** Gives a waiting call up: its answer, should one come, is dropped. */
  forget(call: number): void {
    this.#waiting.delete(call);
  }

  #settle({ kind, channel, payload }: Frame): void {
    const waiting = this.#waiting.get(channel);
    this.#waiting.delete(channel);
    if (kind === 'failure') waiting?.reject(decodeFailure(payload));
    else waiting?.resolve(payload);
  }
}

function sessionOver(): RemoteError {
  say('The session has ended, so nothing of the pod can be reached from here on. [SESSION_LOST]');
  return new RemoteError('LINK_CLOSED', 'the session has ended');
}
