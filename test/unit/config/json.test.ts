import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonErrorPosition } from '../../../src/config/json.ts';

test('valid JSON has no error', () => {
  fc.assert(fc.property(fc.json(), (text) => assert.equal(jsonErrorPosition(text), undefined)));
});

test('it agrees with JSON.parse on what is wrong', () => {
  const text = fc.oneof(fc.string({ unit: fc.constantFrom(...'{}[]",:1.e-+ntrue\\u0af \n') }), fc.json());
  fc.assert(
    fc.property(text, (json) => {
      assert.equal(jsonErrorPosition(json) === undefined, parses(json));
    }),
    { numRuns: 2000 },
  );
});

test('the place is the first character that cannot be there', () => {
  assert.deepEqual(jsonErrorPosition('{\n  "a": x\n}'), { line: 2, column: 8 });
  assert.deepEqual(jsonErrorPosition('{"a": 1,}'), { line: 1, column: 9 });
  assert.deepEqual(jsonErrorPosition('{"a": 1'), { line: 1, column: 8 });
  assert.deepEqual(jsonErrorPosition(''), { line: 1, column: 1 });
  assert.deepEqual(jsonErrorPosition('{"a": "b\n"}'), { line: 1, column: 9 });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
