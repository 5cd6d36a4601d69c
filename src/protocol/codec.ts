// Turns the values of a message into bytes and back, by the field types that the schema names.
// Every number is little-endian; `bytes` and `string` are a u32 length and the bytes; a list is a
// u32 count and its items; a record is its fields in the order of the schema.

import { FrameError } from './frame.ts';

/** The type of a field. A one-element array is a list of that type, an object is a record. */
export type FieldType = 'bool' | 'u8' | 'u16' | 'u32' | 'i32' | 'i64' | 'string' | 'bytes' | Fields | ListOf;
export type Fields = { readonly [name: string]: FieldType };
type ListOf = readonly [FieldType];

/** The TypeScript value that a field type stands for. */
export type ValueOf<T> = T extends 'bool'
  ? boolean
  : T extends 'u8' | 'u16' | 'u32' | 'i32'
    ? number
    : T extends 'i64'
      ? bigint
      : T extends 'string'
        ? string
        : T extends 'bytes'
          ? Buffer
          : T extends readonly [infer Item]
            ? readonly ValueOf<Item>[]
            : { readonly [Name in keyof T]: ValueOf<T[Name]> };

/** Encodes a record. The value's shape is the caller's promise: types hold it, nothing is checked again. */
export function encode<const T extends Fields>(fields: T, value: ValueOf<T>): Buffer {
  const writer = new Writer();
  writer.write(fields, value);
  return writer.finish();
}

/**
 * Decodes a record. Byte fields are views of `payload`.
 * @throws FrameError when the payload is shorter than its fields say. Bytes behind the last field are
 *   ignored: a newer peer may have added fields at the end.
 */
export function decode<const T extends Fields>(fields: T, payload: Buffer): ValueOf<T> {
  // The reader follows the schema, which is what ValueOf describes.
  return new Reader(payload).read(fields) as ValueOf<T>;
}

class Writer {
  #bytes = Buffer.allocUnsafe(256);
  #length = 0;

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  write(type: FieldType, value: unknown): void {
    switch (type) {
      case 'bool':
      case 'u8': {
        const at = this.#room(1); // first: it can replace the buffer
        this.#bytes[at] = Number(value);
        return;
      }
      case 'u16': {
        const at = this.#room(2);
        this.#bytes.writeUInt16LE(value as number, at);
        return;
      }
      case 'u32':
        this.#writeU32(value as number);
        return;
      case 'i32': {
        const at = this.#room(4);
        this.#bytes.writeInt32LE(value as number, at);
        return;
      }
      case 'i64': {
        const at = this.#room(8);
        this.#bytes.writeBigInt64LE(value as bigint, at);
        return;
      }
      case 'string':
        this.#writeBytes(Buffer.from(value as string));
        return;
      case 'bytes':
        this.#writeBytes(value as Uint8Array);
        return;
    }
    if (isList(type)) {
      const items = value as readonly unknown[];
      this.#writeU32(items.length);
      for (const item of items) this.write(type[0], item);
      return;
    }
    for (const name in type) this.write(type[name] as FieldType, (value as Record<string, unknown>)[name]);
  }

  #writeU32(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeUInt32LE(value, at);
  }

  #writeBytes(bytes: Uint8Array): void {
    this.#writeU32(bytes.length);
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  #room(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#length, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
    }
    return at;
  }
}

class Reader {
  #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(type: FieldType): unknown {
    switch (type) {
      case 'bool':
        return this.#bytes[this.#skip(1)] !== 0;
      case 'u8':
        return this.#bytes[this.#skip(1)];
      case 'u16':
        return this.#bytes.readUInt16LE(this.#skip(2));
      case 'u32':
        return this.#bytes.readUInt32LE(this.#skip(4));
      case 'i32':
        return this.#bytes.readInt32LE(this.#skip(4));
      case 'i64':
        return this.#bytes.readBigInt64LE(this.#skip(8));
      case 'string':
        return this.#readBytes().toString();
      case 'bytes':
        return this.#readBytes();
    }
    if (isList(type)) {
      const count = this.#bytes.readUInt32LE(this.#skip(4));
      // An item takes a byte at least, so a count above what is left is a lie that would cost memory.
      if (count > this.#bytes.length - this.#at) throw new FrameError(`a list of ${count} items in a short message`);
      return Array.from({ length: count }, () => this.read(type[0]));
    }
    const record: Record<string, unknown> = {};
    for (const name in type) record[name] = this.read(type[name] as FieldType);
    return record;
  }

  #readBytes(): Buffer {
    const length = this.#bytes.readUInt32LE(this.#skip(4));
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  #skip(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new FrameError('the message is shorter than its fields');
    this.#at += length;
    return at;
  }
}

function isList(type: FieldType): type is ListOf {
  return Array.isArray(type);
}
