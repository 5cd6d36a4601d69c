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

export class SyncCalls {
  #callFd: number;
  #answerFd: number;
  #buffer = Buffer.allocUnsafeSlow(bufferBytes);
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
    const { failed, payload } = this.#exchange(messages[name].number, encodeRequest(name, value));
    if (failed) throw decodeFailure(payload);
    return decodeReply(name, payload);
  }

  #exchange(message: number, payload: Buffer): { failed: boolean; payload: Buffer } {
    if (this.#lost) throw linkLost();
    try {
      this.send({ kind: 'request', channel: 1, message, payload });
      return this.#readAnswer();
    } catch (error) {
      // EPIPE, or the end of the answers: the proxy has ended.
      this.#lost = true;
      throw linkLost(error);
    }
  }

  #readAnswer(): { failed: boolean; payload: Buffer } {
    let filled = 0;
    while (filled < headerBytes) filled += this.#read(this.#buffer, filled);
    const length = this.#buffer.readUInt32LE(0);
    const failed = this.#buffer[8] === failureKind;
    // A copy: the buffer is used again for the next answer.
    const payload = Buffer.allocUnsafe(length);
    let copied = this.#buffer.copy(payload, 0, headerBytes, filled);
    while (copied < length) copied += this.#read(payload, copied);
    return { failed, payload };
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
