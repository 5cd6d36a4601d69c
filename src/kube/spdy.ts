// The SPDY/3.1 that Kubernetes speaks over a port-forward (kubectl's own way): two streams for a port, `error`
// and `data`. Only what that needs; the far end is moby/spdystream, which has no flow control.
// https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/

import type { Arrival } from './port-forward-codecs.ts';

/** A client's streams have odd numbers. */
const errorStream = 1;
const dataStream = 3;

const frameHeaderBytes = 8;
const controlBit = 0x80;
const version = 3;
const types = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7 } as const;
const finFlag = 1;

/** @returns the bytes that open both streams for a port of the pod */
export function openStreams(port: number): Buffer {
  const headers = (type: string) => [
    ['streamtype', type],
    ['port', String(port)],
    ['requestid', '0'],
  ];
  // One zlib stream goes through all header blocks of a connection (section 2.6.10.1). Its blocks may be stored
  // ones, so nothing has to be compressed, and without the flag FDICT there is no dictionary.
  const zlibHeader = Buffer.of(0x78, 0x01);
  return Buffer.concat([
    synStream(errorStream, Buffer.concat([zlibHeader, storedBlock(headerBlock(headers('error')))])),
    synStream(dataStream, storedBlock(headerBlock(headers('data')))),
  ]);
}

/** @returns the header of a data frame; `length` bytes follow it, at most 2^24 - 1 */
export function dataHeader(length: number): Buffer {
  const header = Buffer.alloc(frameHeaderBytes);
  header.writeUInt32BE(dataStream, 0);
  header.writeUInt32BE(length, 4);
  return header;
}

function synStream(stream: number, block: Buffer): Buffer {
  const frame = Buffer.alloc(frameHeaderBytes + 10);
  frame.writeUInt16BE((controlBit << 8) | version, 0);
  frame.writeUInt16BE(types.synStream, 2);
  frame.writeUInt32BE(10 + block.length, 4);
  frame.writeUInt32BE(stream, 8);
  return Buffer.concat([frame, block]);
}

function headerBlock(headers: readonly (readonly string[])[]): Buffer {
  const strings = headers.flat().flatMap((text) => [uint32(text.length), Buffer.from(text, 'latin1')]);
  return Buffer.concat([uint32(headers.length), ...strings]);
}

/** A block as it is (RFC 1951 section 3.2.4), and an empty one behind it: what a flush is, on which decoders hand over. */
function storedBlock(bytes: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt16LE(bytes.length, 1);
  header.writeUInt16LE(~bytes.length & 0xffff, 3);
  return Buffer.concat([header, bytes, Buffer.of(0, 0, 0, 0xff, 0xff)]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** What is no data is held until its frame is whole: answers of a few bytes, and the text of an error. */
const maxHeldBytes = 64 * 1024;

/** Cuts what the far end sends into arrivals. Data is passed on as it comes, however long its frame. */
export class SpdyDecoder {
  #held: Buffer = Buffer.alloc(0);
  /** Of the data frame that is being received. */
  #data: { left: number; readonly last: boolean } | undefined;

  /**
   * @param chunk bytes as received; `data` is a view of it
   * @throws Error for what is no SPDY/3.1
   */
  push(chunk: Buffer): Arrival[] {
    const arrivals: Arrival[] = [];
    let rest = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (;;) {
      if (this.#data !== undefined) {
        const bytes = rest.subarray(0, this.#data.left);
        rest = rest.subarray(bytes.length);
        this.#data.left -= bytes.length;
        if (bytes.length > 0) arrivals.push({ kind: 'data', bytes });
        if (this.#data.left > 0) break;
        if (this.#data.last) arrivals.push({ kind: 'end' });
        this.#data = undefined;
      }
      if (rest.length < frameHeaderBytes) break;
      const length = rest.readUIntBE(5, 3);
      if (rest.readUInt32BE(0) === dataStream) {
        this.#data = { left: length, last: hasFin(rest) };
        rest = rest.subarray(frameHeaderBytes);
        continue;
      }
      if (length > maxHeldBytes) throw new Error(`a frame of ${length} bytes that is no data`);
      if (rest.length < frameHeaderBytes + length) break;
      const frame = rest.subarray(0, frameHeaderBytes + length);
      rest = rest.subarray(frame.length);
      arrivals.push(...arrivalsOf(frame));
    }
    this.#held = rest;
    return arrivals;
  }
}

/** @param frame of the error stream, or a control frame */
function arrivalsOf(frame: Buffer): Arrival[] {
  const payload = frame.subarray(frameHeaderBytes);
  if (((frame[0] ?? 0) & controlBit) === 0) return payload.length === 0 ? [] : [{ kind: 'error', bytes: payload }];
  if ((frame.readUInt16BE(0) & 0x7fff) !== version) throw new Error('a control frame of another SPDY version');
  const type = frame.readUInt16BE(2);
  if (type === types.ping) return [{ kind: 'echo', bytes: frame }];
  if (type === types.goAway) return [{ kind: 'reset' }];
  const ofData = payload.length >= 4 && payload.readUInt32BE(0) === dataStream;
  if (type === types.rstStream && ofData) return [{ kind: 'reset' }];
  return type === types.synReply && ofData && hasFin(frame) ? [{ kind: 'end' }] : [];
}

function hasFin(frame: Buffer): boolean {
  return ((frame[4] ?? 0) & finFlag) !== 0;
}
