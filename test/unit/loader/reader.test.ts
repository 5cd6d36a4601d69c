import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noteChange } from '../../../loader/fs/generation.ts';
import { Reader } from '../../../loader/fs/reader.ts';
import type { Session } from '../../../loader/session.ts';
import type { ReplyOf, RequestOf } from '../../../src/protocol/schema.ts';

type Request = RequestOf<'readFile'>;

/** A file of the pod in memory, and what was asked of it. */
class File {
  content: Buffer;
  requests: Request[] = [];
  roundTrips = 0;

  constructor(bytes: number) {
    this.content = Buffer.alloc(bytes);
    for (let i = 0; i < bytes; i++) this.content[i] = i * 7 + (i >> 8);
  }

  /** As a reader gets it, with the first bytes that come with an open. */
  open(headBytes = 0): Reader {
    const session = {
      sync: { callAll: (_name: string, requests: Request[]) => this.#answer(requests) },
      async: {
        call: (_name: string, request: Request, done: (error: undefined, reply: ReplyOf<'readFile'>) => void) => {
          const [reply] = this.#answer([request]);
          setImmediate(() => done(undefined, reply as ReplyOf<'readFile'>));
        },
      },
    } as unknown as Session; // all that a reader uses of it
    const stat = { size: BigInt(this.content.length) };
    const data = this.content.subarray(0, headBytes);
    return new Reader(session, { handle: 1, data, whole: false, stat } as ReplyOf<'openFile'>);
  }

  #answer(requests: readonly Request[]): ReplyOf<'readFile'>[] {
    this.roundTrips++;
    this.requests.push(...requests);
    return requests.map(({ position, length }) => ({
      data: Buffer.from(this.content.subarray(Number(position), Number(position) + length)),
    }));
  }

  get bytesAsked(): number {
    return this.requests.reduce((sum, { length }) => sum + length, 0);
  }
}

test('whatever is read in whatever order, synchronously or not, is what the file has there', async () => {
  const file = new File(700_000);
  const read = fc.record({
    isSync: fc.boolean(),
    position: fc.oneof(fc.constant(-1), fc.constant(-1), fc.nat(720_000)),
    lengths: fc.array(fc.oneof(fc.nat(50), fc.nat(400_000)), { minLength: 1, maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(read, { maxLength: 12 }), fc.nat(130_000), async (reads, headBytes) => {
      const reader = file.open(headBytes);
      let at = 0;
      for (const { isSync, position, lengths } of reads) {
        const targets = lengths.map((length) => Buffer.alloc(length));
        const count = isSync ? reader.readSync(targets, position) : await reader.read(targets, position);
        const from = position < 0 ? at : position;
        const wanted = lengths.reduce((sum, length) => sum + length, 0);
        const expected = file.content.subarray(from, from + wanted);
        assert.equal(count, expected.length);
        assert.deepEqual(Buffer.concat(targets).subarray(0, count), expected);
        if (position < 0) at += count;
      }
    }),
    { numRuns: 200 },
  );
});

test('7,000 reads of one byte take a few round trips', () => {
  const file = new File(1_000_000);
  const reader = file.open();
  for (let i = 0; i < 7000; i++) reader.readSync([Buffer.alloc(1)], -1);
  assert.ok(file.roundTrips <= 3, `${file.roundTrips}`);
});

test('what is read here and there is asked for and no more', () => {
  const file = new File(1_000_000);
  const reader = file.open();
  for (const at of [500_000, 10, 900_000, 300_000]) reader.readSync([Buffer.alloc(100)], at);
  assert.equal(file.bytesAsked, 400);
});

test('reads at once that do not wait for each other share the position', async () => {
  const file = new File(300_000);
  const reader = file.open();
  const parts = [Buffer.alloc(100_000), Buffer.alloc(50_000), Buffer.alloc(200_000)];
  const counts = await Promise.all(parts.map((part) => reader.read([part], -1)));
  assert.deepEqual(counts, [100_000, 50_000, 150_000]);
  assert.deepEqual(Buffer.concat(parts).subarray(0, 300_000), file.content);
});

test('no more than some megabytes are on their way or kept', async () => {
  const file = new File(40 * 1024 * 1024);
  const reader = file.open();
  const chunk = Buffer.alloc(64 * 1024);
  for (let read = 0; read < file.content.length / 2; read += chunk.length) {
    await reader.read([chunk], -1);
    assert.ok(file.bytesAsked - read < 5 * 1024 * 1024);
  }
  assert.ok(file.requests.length < 100);
});

test('what was read ahead is not used after a change', () => {
  const file = new File(300_000);
  const reader = file.open(100);
  file.content.fill(1);
  noteChange();
  const byte = Buffer.alloc(1);
  reader.readSync([byte], 5);
  assert.equal(byte[0], 1);
});

test('a file that grows is read on from its old end', () => {
  const file = new File(10);
  const reader = file.open();
  const some = Buffer.alloc(100);
  assert.deepEqual([reader.readSync([some], -1), reader.readSync([some], -1)], [10, 0]);
  file.content = Buffer.concat([file.content, Buffer.from('more')]);
  assert.deepEqual([reader.readSync([some], -1), some.toString('latin1', 0, 4)], [4, 'more']);
  assert.equal(reader.readSync([some], -1), 0);
});
