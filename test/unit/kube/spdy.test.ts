import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import fc from 'fast-check';
import type { Arrival } from '../../../src/kube/port-forward-codecs.ts';
import { dataHeader, openStreams, SpdyDecoder } from '../../../src/kube/spdy.ts';

const control = (type: number, payload: readonly number[], flags = 0) =>
  Buffer.from([0x80, 3, 0, type, flags, 0, 0, payload.length, ...payload]);
const errorData = (text: string) => Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, text.length]), Buffer.from(text)]);
const data = (text: string) => Buffer.concat([dataHeader(text.length), Buffer.from(text)]);
const fin = Buffer.from([0, 0, 0, 3, 1, 0, 0, 0]);

/** What arrives, with the pieces of data that follow each other put together. */
function decode(chunks: readonly Buffer[]): string[] {
  const decoder = new SpdyDecoder();
  const arrivals = chunks.flatMap((chunk) => decoder.push(chunk));
  return arrivals.reduce<string[]>((all, arrival, i) => {
    const text = 'bytes' in arrival ? arrival.bytes.toString('latin1') : '';
    if (arrival.kind === 'data' && arrivals[i - 1]?.kind === 'data') all.push(`${all.pop()}${text}`);
    else all.push(`${arrival.kind} ${text}`);
    return all;
  }, []);
}

test('both streams are opened with the headers that the kubelet asks for', () => {
  const frames = openStreams(61337);
  const blocks: Buffer[] = [];
  for (let at = 0; at < frames.length; ) {
    assert.deepEqual([...frames.subarray(at, at + 4)], [0x80, 3, 0, 1]); // SYN_STREAM
    const length = frames.readUIntBE(at + 5, 3);
    blocks.push(frames.subarray(at + 18, at + 8 + length));
    at += 8 + length;
  }
  const options = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
  const text = zlib
    .inflateSync(Buffer.concat(blocks), options)
    .toString('latin1')
    .replace(/[^ -~]+/g, ' ');
  assert.equal(text, ' streamtype error port 61337 requestid 0 streamtype data port 61337 requestid 0');
});

test('frames are the same however the bytes are cut', () => {
  const ping = control(6, [0, 0, 0, 9]);
  const replies = [control(2, [0, 0, 0, 1]), control(2, [0, 0, 0, 3])];
  const bytes = Buffer.concat([...replies, data('one'), ping, data('two'), errorData('no'), fin]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: bytes.length })), (cuts) => {
      const ends = [...new Set([...cuts, bytes.length])].sort((a, b) => a - b);
      const chunks = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
      const expected = ['data one', `echo ${ping.toString('latin1')}`, 'data two', 'error no', 'end '];
      assert.deepEqual(decode(chunks), expected);
    }),
  );
});

test('a reset of the data stream, or of the connection, is one; of the error stream it is not', () => {
  const reset: Arrival = { kind: 'reset' };
  assert.deepEqual(new SpdyDecoder().push(control(3, [0, 0, 0, 3, 0, 0, 0, 5])), [reset]);
  assert.deepEqual(new SpdyDecoder().push(control(3, [0, 0, 0, 1, 0, 0, 0, 5])), []);
  assert.deepEqual(new SpdyDecoder().push(control(7, [0, 0, 0, 3, 0, 0, 0, 0])), [reset]);
});

test('what is no SPDY/3.1, or would be held for long, is refused', () => {
  assert.throws(() => new SpdyDecoder().push(Buffer.from([0x80, 2, 0, 2, 0, 0, 0, 0])), /version/);
  assert.throws(() => new SpdyDecoder().push(Buffer.from([0x80, 3, 0, 2, 0, 0xff, 0, 0])), /that is no data/);
});
