import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  batch,
  be16,
  be32,
  encodeMessage,
  le32,
  readAttributes,
  readMessages,
  readVerdicts,
  requestFlags,
  text,
} from '../../../agent/incoming/netlink.ts';

const hex = (...words: string[]) => words.join('').replaceAll(' ', '');

test('a batch is its begin, the messages with their attributes padded to 4, and its end', () => {
  const message = {
    type: 0,
    flags: requestFlags.create,
    attributes: [
      [1, text('mirrord')],
      [2, be32(2)],
      [3, [[1, be16(8080)]]],
    ],
  } as const;
  assert.equal(
    batch([message]).toString('hex'),
    hex(
      '14000000 1000 0100 00000000 00000000 00 00 000a', // NFNL_MSG_BATCH_BEGIN for nf_tables
      '34000000 000a 0504 01000000 00000000 01 00 0000', // NFT_MSG_NEWTABLE, create, ack, inet
      '0c00 0100 6d6972726f726400',
      '0800 0200 00000002',
      '0c00 0380 0600 0100 1f90 0000', // nested, and two bytes of padding
      '14000000 1100 0100 00000000 00000000 00 00 000a',
    ),
  );
});

test('a negative number, as a priority is, is big-endian two’s complement', () => {
  assert.equal(be32(-100).toString('hex'), 'ffffff9c');
});

function verdict(sequence: number, errno: number): Buffer {
  const bytes = Buffer.alloc(36);
  bytes.writeUInt32LE(36, 0);
  bytes.writeUInt16LE(2, 4);
  bytes.writeInt32LE(-errno, 16);
  bytes.writeUInt32LE(sequence, 28);
  return bytes;
}

test('acknowledgements and errors are read from several datagrams and several in one', () => {
  const other = Buffer.alloc(20);
  other.writeUInt32LE(18, 0); // not a multiple of 4: the next message starts behind the padding
  other.writeUInt16LE(0x0a00, 4);
  const datagrams = [Buffer.concat([verdict(1, 0), other, verdict(2, 17)]), verdict(3, 1)];
  assert.deepEqual(readVerdicts(datagrams), [
    { sequence: 1, errno: 0 },
    { sequence: 2, errno: 17 },
    { sequence: 3, errno: 1 },
  ]);
});

test('a datagram that is cut short, or lies about its length, is no verdict', () => {
  assert.deepEqual(readVerdicts([verdict(1, 0).subarray(0, 30), Buffer.alloc(16), Buffer.alloc(3)]), []);
});

test("a message's attributes are read as they were written, those that are cut short are left out", () => {
  const header = Buffer.alloc(12);
  const message = encodeMessage(32, 0, 1, header, [
    [6, le32(1000)],
    [10, text('abc')],
  ]);
  const [read] = readMessages([message]);
  assert.equal(read?.type, 32);
  const attributes = readAttributes(read.body, header.length);
  assert.deepEqual([attributes.get(6)?.readUInt32LE(), attributes.get(10)?.toString()], [1000, 'abc\0']);
  assert.equal(readAttributes(read.body.subarray(0, -1), header.length).size, 2 - 1);
});
