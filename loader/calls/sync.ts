// Calls that block the calling thread, for fs's Sync functions and for what must be known before Node
// goes on. One request is written to the slot's FIFO and its answer read from the other.

import fs from 'node:fs';
import { decodeFailure } from '../../src/protocol/failure.ts';
import { encodeFrame, headerBytes, type OutgoingFrame } from '../../src/protocol/frame.ts';
import {
  decodeReply,
  encodeRequest,
  type MessageName,
  messages,
  type ReplyOf,
  type RequestOf,
} from '../../src/protocol/schema.ts';
import { linkLost } from './lost.ts';

/** Answers are read into this, so that most need one read(2); as long as a FIFO is by default (pipe(7)). */
const bufferBytes = 64 * 1024;

/** The numbers of `frameKinds` that an answer can have. */
const failureKind = 4;

/** The channel of what is asked without waiting: its answers are dropped. The others count from 1. */
const unheard = 0;

interface Answer {
  readonly channel: number;
  readonly failed: boolean;
  readonly payload: Buffer;
}

export class SyncCalls {
  #callFd: number;
  #answerFd: number;
  #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  /** So much of the buffer is of the answer that comes next. */
  #filled = 0;
  #lost = false;

  /** @param callFd the FIFO to write to @param answerFd the FIFO to read from; both blocking, and ours now */
  constructor(callFd: number, answerFd: number) {
    this.#callFd = callFd;
    this.#answerFd = answerFd;
  }

  /** Writes a frame that has no answer. */
  send(frame: OutgoingFrame): void {
    const bytes = encodeFrame(frame);
    for (let written = 0; written < bytes.length; ) {
      written += retry(() => fs.writeSync(this.#callFd, bytes, written));
    }
  }

  /**
   * Asks and waits.
   * @throws RemoteError with the answer's code, or `LINK_CLOSED` when the proxy is gone
   */
  call<Name extends MessageName>(name: Name, value: RequestOf<Name>): ReplyOf<Name> {
    const [reply] = this.callAll(name, [value]);
    return reply as ReplyOf<Name>; // one for each request
  }

  /**
   * Asks several things at once, and waits for all: one round trip.
   * @returns the replies in the order of the requests
   * @throws as `call`, when one of them failed
   */
  callAll<Name extends MessageName>(name: Name, values: readonly RequestOf<Name>[]): ReplyOf<Name>[] {
    const payloads = this.#exchange(
      messages[name].number,
      values.map((value) => encodeRequest(name, value)),
    );
    return payloads.map(({ failed, payload }) => {
      if (failed) throw decodeFailure(payload);
      return decodeReply(name, payload);
    });
  }

  /** Asks for something whose answer nobody waits for. */
  tell<Name extends MessageName>(name: Name, value: RequestOf<Name>): void {
    if (this.#lost) return;
    try {
      this.send({
        kind: 'request',
        channel: unheard,
        message: messages[name].number,
        payload: encodeRequest(name, value),
      });
    } catch {
      this.#lost = true; // the next call says it
    }
  }

  #exchange(message: number, payloads: readonly Buffer[]): readonly Answer[] {
    if (this.#lost) throw linkLost();
    try {
      for (const [i, payload] of payloads.entries()) {
        this.send({ kind: 'request', channel: i + 1, message, payload });
      }
      const answers: Answer[] = [];
      for (let left = payloads.length; left > 0; ) {
        const answer = this.#readAnswer();
        if (answer.channel === unheard) continue;
        answers[answer.channel - 1] = answer;
        left--;
      }
      return answers;
    } catch (error) {
      // EPIPE, or the end of the answers: the proxy has ended.
      this.#lost = true;
      throw linkLost(error);
    }
  }

  #readAnswer(): Answer {
    while (this.#filled < headerBytes) this.#filled += this.#read(this.#buffer, this.#filled);
    const length = this.#buffer.readUInt32LE(0);
    const channel = this.#buffer.readUInt32LE(4);
    const failed = this.#buffer[8] === failureKind;
    // A copy: the buffer is used again for the next answer, of which it may have the beginning.
    const payload = Buffer.allocUnsafe(length);
    const end = Math.min(headerBytes + length, this.#filled);
    let copied = this.#buffer.copy(payload, 0, headerBytes, end);
    this.#buffer.copyWithin(0, end, this.#filled);
    this.#filled -= end;
    while (copied < length) copied += this.#read(payload, copied);
    return { channel, failed, payload };
  }

  #read(into: Buffer, from: number): number {
    const count = retry(() => fs.readSync(this.#answerFd, into, from, into.length - from, null));
    if (count === 0) throw new Error('the proxy closed the connection');
    return count;
  }
}

/** A signal (a profiler's, say) can end a blocking call early: go on. */
function retry(call: () => number): number {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINTR') throw error;
    }
  }
}
