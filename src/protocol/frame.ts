// The wire format of both hops: a 20-byte header, then the payload. A layer talks to the proxy and
// the proxy to the agent in these frames; only the link uses `sequence` and `acknowledged`.
//
//   offset  type  field
//        0  u32   payload length, in bytes
//        4  u32   channel: the call or byte stream that the frame belongs to (0: the connection itself)
//        8  u8    kind, see `frameKinds`
//        9  u8    reserved, 0
//       10  u16   message number of the schema, for `hello` and `request`; otherwise 0
//       12  u32   sequence: number of this frame on its direction of the link, from 1, modulo 2^32
//       16  u32   acknowledged: the last sequence number received from the other side
//
// All numbers are little-endian, as is every machine that we run on.

/** What a frame means. The numbers are on the wire: never reuse one. */
export const frameKinds = {
  hello: 1, // opens a connection, both ways: who speaks, in which protocol version
  request: 2, // asks for something; its channel stays open until the reply, or as a byte stream
  reply: 3, // answers a request
  failure: 4, // answers a request, or a hello, with an error
  data: 5, // bytes of a stream
  end: 6, // no more bytes this way (a FIN)
  reset: 7, // the stream ends at once, both ways (a RST)
  credit: 8, // the receiver of a stream may be sent this many more bytes
  ping: 9, // asks for a pong: keeps idle time-outs away, and notices a dead peer
  pong: 10,
} as const;

export type FrameKind = keyof typeof frameKinds;

export interface Frame {
  readonly kind: FrameKind;
  readonly channel: number;
  readonly message: number;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly payload: Buffer;
}

export const headerBytes = 20;

/** The largest payload that a peer may send; a longer one is a protocol error, so memory stays bounded. */
export const maxPayloadBytes = 4 * 1024 * 1024;

const kindNames = new Map<number, FrameKind>(
  Object.entries(frameKinds).map(([name, number]) => [number, name as FrameKind]),
);

/** The other side sent bytes that are no frame. The connection cannot go on. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** The parts of a frame that its sender chooses; what is left out is 0 or empty. */
export type OutgoingFrame = Pick<Frame, 'kind' | 'channel'> & Partial<Frame>;

/** Writes the 20 header bytes of a frame, for a caller that sends the payload as a buffer of its own. */
export function encodeHeader(frame: OutgoingFrame): Buffer {
  const header = Buffer.allocUnsafe(headerBytes);
  writeHeader(header, frame);
  return header;
}

/** Writes a whole frame into one buffer. */
export function encodeFrame(frame: OutgoingFrame): Buffer {
  const payload = frame.payload;
  const bytes = Buffer.allocUnsafe(headerBytes + (payload?.length ?? 0));
  writeHeader(bytes, frame);
  payload?.copy(bytes, headerBytes);
  return bytes;
}

function writeHeader(to: Buffer, frame: OutgoingFrame): void {
  to.writeUInt32LE(frame.payload?.length ?? 0, 0);
  to.writeUInt32LE(frame.channel, 4);
  to[8] = frameKinds[frame.kind];
  to[9] = 0;
  to.writeUInt16LE(frame.message ?? 0, 10);
  to.writeUInt32LE(frame.sequence ?? 0, 12);
  to.writeUInt32LE(frame.acknowledged ?? 0, 16);
}

/**
 * Cuts a byte stream into frames.
 *
 * A payload is a view of the received chunk where the frame lies in one chunk, and one copy otherwise.
 */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #buffered = 0;
  #header: Omit<Frame, 'payload'> | undefined;
  #payloadBytes = 0;

  /**
   * @param chunk bytes as received; kept by reference until their frames are complete
   * @returns the frames that are complete now, oldest first
   * @throws FrameError for an unknown kind or an oversized payload
   */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    for (;;) {
      if (this.#header === undefined) {
        if (this.#buffered < headerBytes) return frames;
        this.#readHeader(this.#take(headerBytes));
      }
      if (this.#header === undefined || this.#buffered < this.#payloadBytes) return frames;
      frames.push({ ...this.#header, payload: this.#take(this.#payloadBytes) });
      this.#header = undefined;
    }
  }

  #readHeader(bytes: Buffer): void {
    const kind = kindNames.get(bytes.readUInt8(8));
    this.#payloadBytes = bytes.readUInt32LE(0);
    if (kind === undefined) throw new FrameError(`unknown frame kind ${bytes.readUInt8(8)}`);
    if (this.#payloadBytes > maxPayloadBytes) {
      throw new FrameError(`a payload of ${this.#payloadBytes} bytes is above ${maxPayloadBytes}`);
    }
    this.#header = {
      kind,
      channel: bytes.readUInt32LE(4),
      message: bytes.readUInt16LE(10),
      sequence: bytes.readUInt32LE(12),
      acknowledged: bytes.readUInt32LE(16),
    };
  }

  #take(length: number): Buffer {
    this.#buffered -= length;
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= length) {
      if (first.length === length) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    const whole = Buffer.allocUnsafe(length);
    for (let filled = 0; filled < length; ) {
      const chunk = this.#chunks[0] ?? Buffer.alloc(0);
      const part = chunk.subarray(0, length - filled);
      part.copy(whole, filled);
      filled += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    return whole;
  }
}
