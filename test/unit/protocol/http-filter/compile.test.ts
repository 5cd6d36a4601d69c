import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  compileFilter,
  type FilteredRequest,
  FilterTooSlowError,
} from '../../../../src/protocol/http-filter/compile.ts';
import type { HttpFilter } from '../../../../src/protocol/http-filter/filter.ts';

const request: FilteredRequest = {
  method: 'POST',
  path: '/orders/7?debug=yes',
  headers: ['Host: shop', 'X-User: Ann', 'User-Agent: curl/8.1'],
  body: Buffer.from('{"user":{"name":"ann","age":7},"items":[{"sku":"a1"},{"sku":"b2"}]}'),
};
const matches = (filter: HttpFilter, changes: Partial<FilteredRequest> = {}) =>
  compileFilter(filter).matches({ ...request, ...changes });
const header = (pattern: string): HttpFilter => ({ kind: 'header', pattern });
const path = (pattern: string): HttpFilter => ({ kind: 'path', pattern });
const body = (query: string, pattern: string): HttpFilter => ({ kind: 'body', query, pattern });

test('a header filter is tried on each "Name: value", without regard to case, anywhere in it', () => {
  assert.ok(matches(header('x-user: ann')));
  assert.ok(matches(header('^x-user: ANN$')));
  assert.ok(!matches(header('^x-user: an$')));
  assert.ok(!matches(header('shop\\nX-User'))); // never across lines
});

test('look-around and back-references work', () => {
  assert.ok(matches(header('^x-user: (?!bob)')));
  assert.ok(!matches(header('^x-user: (?!ann)')));
  assert.ok(matches(header('^x-(?<=x-)user: a(n)\\1')));
});

test("mirrord's own dialect is understood", () => {
  for (const pattern of ['\\Ax-user: [[:alpha:]]+\\z', 'x-user: (?P<who>ann)', '(?i)X-USER', 'x-user: \\pL+']) {
    assert.ok(matches(header(pattern)), pattern);
  }
});

test('a path filter is tried without and with the query', () => {
  assert.ok(matches(path('^/orders/\\d+$')));
  assert.ok(matches(path('debug=yes$')));
  assert.ok(!matches(path('^/carts')));
});

test('a method is compared whole, without regard to case', () => {
  assert.ok(matches({ kind: 'method', method: 'post' }));
  assert.ok(!matches({ kind: 'method', method: 'POS' }));
});

test('a body filter matches when one of the values found does; what is no text is compared as JSON', () => {
  assert.ok(matches(body('$.user.name', '^ann$')));
  assert.ok(matches(body('$.items[*].sku', 'b2')));
  assert.ok(matches(body('$.user.age', '^7$')));
  assert.ok(matches(body('$.items[?@.sku == "a1"]', '"sku":"a1"')));
  assert.ok(!matches(body('$.user.nobody', '.*')));
});

test('a body that is no JSON, or not there, matches no body filter', () => {
  for (const other of [Buffer.from('name=ann'), Buffer.alloc(0), undefined]) {
    assert.ok(!matches(body('$', '.*'), { body: other }));
  }
});

test('a body that is nested too deep for the query matches nothing', () => {
  const deep = Buffer.from('['.repeat(5000) + ']'.repeat(5000));
  assert.ok(!matches(body('$..*', '.*'), { body: deep }));
});

test('a filter says whether it has to see the body', () => {
  assert.equal(compileFilter({ kind: 'all', of: [header('a'), body('$', 'b')] }).readsBody, true);
  assert.equal(compileFilter({ kind: 'any', of: [header('a'), path('b')] }).readsBody, false);
});

test('what cannot be compiled says why', () => {
  assert.throws(() => compileFilter(header('(')), /missing closing/);
  assert.throws(() => compileFilter(header('(?!a)(')), /Unterminated group/);
  assert.throws(() => compileFilter(header('\\A(?!a)')), /look-around/);
  assert.throws(() => compileFilter(body('$.[', 'a')));
  assert.throws(() => compileFilter({ kind: 'any', of: [] }), /empty/);
});

test('no pattern runs away: it needs little time, or is stopped', () => {
  const headers = [`X: ${'a'.repeat(50_000)}!`];
  assert.ok(!matches(header('^x: (a+)+$'), { headers }));
  assert.ok(!matches(header('(.*)*(.*)*b$'), { headers }));
  assert.throws(() => matches(header('^x: (?!b)(a+)+$'), { headers }), FilterTooSlowError);
  const nested = Buffer.from(Array.from({ length: 20 }).reduce((inner) => `[${inner},1,2,3,4,5,6,7]`, '0') as string);
  assert.throws(() => matches(body('$..*..*..*..*', 'x'), { body: nested }), FilterTooSlowError);
  assert.ok(matches(header('^x-user: (?!bob)')), 'the next one is as ever');
});

/** What the algebra is to be, on conditions whose own answer is known. */
const leaf = fc.constantFrom<[HttpFilter, boolean]>(
  [header('^x-user: ann'), true],
  [header('^x-user: bob'), false],
  [path('^/orders'), true],
  [path('^/carts'), false],
  [{ kind: 'method', method: 'GET' }, false],
  [{ kind: 'method', method: 'POST' }, true],
);
const { tree } = fc.letrec<{ tree: [HttpFilter, boolean] }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc
      .tuple(fc.constantFrom('all' as const, 'any' as const), fc.array(tie('tree'), { minLength: 1, maxLength: 4 }))
      .map(([kind, parts]): [HttpFilter, boolean] => [
        { kind, of: parts.map(([filter]) => filter) },
        kind === 'all' ? parts.every(([, expected]) => expected) : parts.some(([, expected]) => expected),
      ]),
  ),
}));

test('all and any, nested as one likes, are what they say', () => {
  fc.assert(fc.property(tree, ([filter, expected]) => assert.equal(matches(filter), expected)));
});
