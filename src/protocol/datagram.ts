// Datagrams on the stream of an `openUdp`: each is a u32 length and a record with the peer and the data.

import { decode, encode, type Fields } from './codec.ts';
import { FrameError } from './frame.ts';

const fields = { peer: { host: 'string', port: 'u16' }, data: 'bytes' } as const satisfies Fields;

/** The largest UDP payload is 65,507 bytes (RFC 768 over IPv4); with the peer's address it stays below this. */
const maxRecordBytes = 66 * 1024;

export interface Datagram {
  readonly peer: { readonly host: string; readonly port: number };
  readonly data: Buffer;
}

/** A datagram without its length, for where something else says where it ends. */
export function encodeRecord(datagram: Datagram): Buffer {
  return encode(fields, datagram);
}

/** @throws FrameError for bytes that are no record */
export function decodeRecord(record: Buffer): Datagram {
  return decode(fields, record);
}

export function encodeDatagram(datagram: Datagram): Buffer {
  const record = encodeRecord(datagram);
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(record.length);
  return Buffer.concat([length, record]);
}

/** Cuts a stream into datagrams. */
export class DatagramDecoder {
  #rest = Buffer.alloc(0);

  /** @throws FrameError for a record that no datagram can be */
  push(chunk: Buffer): Datagram[] {
    const datagrams: Datagram[] = [];
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= 4) {
      const length = bytes.readUInt32LE(0);
      if (length > maxRecordBytes) throw new FrameError(`a datagram of ${length} bytes`);
      if (bytes.length < 4 + length) break;
      datagrams.push(decode(fields, bytes.subarray(4, 4 + length)));
      bytes = bytes.subarray(4 + length);
    }
    this.#rest = Buffer.from(bytes);
    return datagrams;
  }
}
