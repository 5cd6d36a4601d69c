import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { decode, encode, type Fields, type FieldType } from '../../../src/protocol/codec.ts';
import { FrameError } from '../../../src/protocol/frame.ts';

/** Any value of a field type. */
function anyOf(type: FieldType): fc.Arbitrary<unknown> {
  switch (type) {
    case 'bool':
      return fc.boolean();
    case 'u8':
      return fc.integer({ min: 0, max: 0xff });
    case 'u16':
      return fc.integer({ min: 0, max: 0xffff });
    case 'u32':
      return fc.integer({ min: 0, max: 0xffffffff });
    case 'i32':
      return fc.integer();
    case 'i64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case 'string':
      return fc.string({ unit: 'grapheme' });
    case 'bytes':
      return fc.uint8Array().map((bytes) => Buffer.from(bytes));
  }
  if (Array.isArray(type)) return fc.array(anyOf(type[0]), { maxLength: 5 });
  return fc.record(Object.fromEntries(Object.entries(type).map(([name, field]) => [name, anyOf(field)])), {
    noNullPrototype: true,
  });
}

const scalar = fc.constantFrom<FieldType>('bool', 'u8', 'u16', 'u32', 'i32', 'i64', 'string', 'bytes');
const fieldName = fc.string({ minLength: 1, unit: fc.constantFrom(...'abcdefgh') });
const { fields } = fc.letrec<{ type: FieldType; fields: Fields }>((tie) => ({
  type: fc.oneof({ maxDepth: 3 }, scalar, fc.tuple(tie('type')), tie('fields')),
  fields: fc.dictionary(fieldName, tie('type'), { minKeys: 1, maxKeys: 5, noNullPrototype: true }),
}));
const message = fields.chain((type) => anyOf(type).map((value) => ({ type, value })));

test('whatever is encoded is decoded to the same value', () => {
  fc.assert(
    fc.property(message, ({ type, value }) => {
      // The value was made from the type, which the compiler cannot know.
      assert.deepEqual(decode(type, encode(type, value as never)), value);
    }),
  );
});

test('a message that is cut short is a FrameError, never a wrong value', () => {
  fc.assert(
    fc.property(message, fc.nat(), ({ type, value }, cut) => {
      const bytes = encode(type, value as never);
      fc.pre(bytes.length > 0);
      assert.throws(() => decode(type, bytes.subarray(0, cut % bytes.length)), FrameError);
    }),
  );
});

test('any bytes decode to a value or to a FrameError', () => {
  fc.assert(
    fc.property(fields, fc.uint8Array({ maxLength: 200 }), (type, bytes) => {
      try {
        decode(type, Buffer.from(bytes));
      } catch (error) {
        assert.ok(error instanceof FrameError, String(error));
      }
    }),
  );
});

test('bytes behind the last field are ignored, so that a newer peer may add fields', () => {
  const old = { a: 'u16' } as const;
  const bytes = encode({ a: 'u16', b: 'string' }, { a: 7, b: 'new' });
  assert.deepEqual(decode(old, bytes), { a: 7 });
});
