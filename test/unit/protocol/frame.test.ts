import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  encodeFrame,
  FrameDecoder,
  FrameError,
  type FrameKind,
  frameKinds,
  headerBytes,
  maxPayloadBytes,
  type OutgoingFrame,
} from '../../../src/protocol/frame.ts';

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const frame = fc.record<OutgoingFrame>(
  {
    kind: fc.constantFrom(...(Object.keys(frameKinds) as FrameKind[])),
    channel: u32,
    message: fc.integer({ min: 0, max: 0xffff }),
    sequence: u32,
    acknowledged: u32,
    payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  },
  { noNullPrototype: true },
);

test('frames come out as they went in, however the bytes were cut', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 64 })), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(encodeFrame));
      const decoder = new FrameDecoder();
      const decoded = [];
      let at = 0;
      for (const length of [...cuts, bytes.length]) {
        decoded.push(...decoder.push(bytes.subarray(at, at + length)));
        at = Math.min(at + length, bytes.length);
      }
      assert.deepEqual(decoded, frames);
    }),
  );
});

test('the header is 20 little-endian bytes in the documented order', () => {
  const bytes = encodeFrame({
    kind: 'data',
    channel: 0x01020304,
    message: 0x0506,
    sequence: 0x0708090a,
    acknowledged: 0x0b0c0d0e,
    payload: Buffer.from('hi'),
  });
  assert.equal(
    bytes.toString('hex'),
    '02000000' + '04030201' + '05' + '00' + '0605' + '0a090807' + '0e0d0c0b' + '6869',
  );
});

test('a payload above the limit is refused before it is waited for', () => {
  const bytes = encodeFrame({ kind: 'data', channel: 1 });
  bytes.writeUInt32LE(maxPayloadBytes + 1, 0);
  assert.throws(() => new FrameDecoder().push(bytes.subarray(0, headerBytes)), FrameError);
});

test('an unknown kind is refused', () => {
  const bytes = encodeFrame({ kind: 'data', channel: 1 });
  bytes[8] = 250;
  assert.throws(() => new FrameDecoder().push(bytes), /unknown frame kind 250/);
});
