// A byte stream of the link, as a Node Duplex. Each direction has a window of credit: the receiver
// grants more as its reader takes bytes, so a slow reader stops its own sender and nobody else, and
// neither side ever buffers more than a window.

import { Duplex } from 'node:stream';

/** What each side may send before the other grants more, in bytes. Part of the protocol. */
export const windowBytes = 1024 * 1024;

/** The longest data frame, in bytes: a small call never waits behind more than this of a download. */
const quantumBytes = 64 * 1024;

/** Grants are collected until they are worth a frame of their own. */
const grantBytes = windowBytes / 4;

/** What a channel needs of its link. */
export interface ChannelPort {
  send(kind: 'data' | 'end' | 'reset' | 'credit', channel: number, payload?: Buffer): void;
  /** Calls back when the transport can take a quantum; waiting channels take turns. */
  whenWritable(ready: () => void): void;
  /** The channel is over, both ways. */
  forget(channel: number): void;
}

/** The peer ended the stream at once, or the link is gone. */
export class ChannelResetError extends Error {
  readonly code = 'ECONNRESET';
}

export class Channel extends Duplex {
  readonly id: number;
  #port: ChannelPort;
  #credit = windowBytes;
  /** Bytes that the reader has taken and the peer has not been told of. */
  #ungranted = 0;
  /** The write that waits for credit, for its turn, or for the reply that opens the stream. */
  #resume: (() => void) | undefined;
  #opened = false;
  #endSent = false;
  #endReceived = false;
  #resetReceived = false;

  constructor(port: ChannelPort, id: number) {
    super({ allowHalfOpen: true, readableHighWaterMark: windowBytes / 2, writableHighWaterMark: quantumBytes });
    this.#port = port;
    this.id = id;
    // A reset with nobody listening is no reason to end the process; 'close' always follows.
    this.on('error', () => {});
  }

  /** The reply has been sent or received: bytes may flow. */
  opened(): void {
    this.#opened = true;
    this.#wake();
  }

  /** A data frame came. @returns false when the peer sent more than it had credit for */
  received(data: Buffer): boolean {
    this.#ungranted += data.length;
    // Grants go on until half a window waits for the reader, and a window more can be on its way then.
    if (this.readableLength > 2 * windowBytes) return false;
    if (this.push(data)) this.#grant();
    return true;
  }

  receivedEnd(): void {
    this.#endReceived = true;
    this.push(null);
  }

  receivedReset(): void {
    this.#resetReceived = true;
    this.destroy(new ChannelResetError('the connection was reset by the other side'));
  }

  receivedCredit(bytes: number): void {
    this.#credit += bytes;
    this.#wake();
  }

  override _read(): void {
    this.#grant();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.destroyed) return done();
    if (chunk.length === 0) return done();
    if (!this.#opened || this.#credit === 0) {
      this.#resume = () => this._write(chunk, _encoding, done);
      return;
    }
    this.#port.whenWritable(() => {
      if (this.destroyed) return done();
      const length = Math.min(chunk.length, this.#credit, quantumBytes);
      this.#credit -= length;
      this.#port.send('data', this.id, chunk.subarray(0, length));
      this._write(chunk.subarray(length), _encoding, done);
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.#opened) {
      this.#resume = () => this._final(done);
      return;
    }
    this.#endSent = true;
    this.#port.send('end', this.id);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const over = this.#resetReceived || (this.#endSent && this.#endReceived);
    if (this.#opened && !over) this.#port.send('reset', this.id);
    this.#port.forget(this.id);
    this.#wake();
    done(error);
  }

  #wake(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  #grant(): void {
    if (this.#ungranted < grantBytes || this.#endReceived) return;
    const payload = Buffer.allocUnsafe(4);
    payload.writeUInt32LE(this.#ungranted);
    this.#ungranted = 0;
    this.#port.send('credit', this.id, payload);
  }
}
