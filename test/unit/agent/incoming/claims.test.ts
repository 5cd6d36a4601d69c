import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Claim, Claims } from '../../../../agent/incoming/claims.ts';

interface Named extends Claim<string> {
  readonly name: string;
}

const claim = (name: string, options: Partial<Named> = {}): Named => ({
  name,
  port: 80,
  mode: 'steal',
  filter: undefined,
  holder: `session ${name}`,
  ...options,
});
const wants = (word: string) => ({ filter: (request: string) => request.includes(word) });
const names = (claims: readonly Named[]) => claims.map(({ name }) => name);

test('disjoint filters steal beside each other, and the pod keeps the rest', () => {
  const claims = new Claims<string, Named>();
  claims.add(claim('ann', wants('ann')), 'abort');
  claims.add(claim('bob', wants('bob')), 'abort');
  const taker = (request: string) => claims.decide(80, request).taker?.name;
  assert.deepEqual(['for ann', 'for bob', 'for carl'].map(taker), ['ann', 'bob', undefined]);
  assert.equal(claims.decide(81, 'for ann').taker, undefined);
});

test('of two filters that match, the newest session has the request', () => {
  const claims = new Claims<string, Named>();
  claims.add(claim('old', wants('x')), 'abort');
  claims.add(claim('new', wants('x')), 'abort');
  assert.equal(claims.decide(80, 'x').taker?.name, 'new');
});

test('a second session that wants everything is refused with who has it', () => {
  const claims = new Claims<string, Named>();
  claims.add(claim('first'), 'abort');
  assert.throws(() => claims.add(claim('second'), 'abort'), { code: 'EADDRINUSE', message: /session first/ });
  assert.deepEqual(names(claims.of(80)), ['first']);
});

test('"override" ends the other claim, "continue" goes before it for a while', () => {
  const claims = new Claims<string, Named>();
  claims.add(claim('first'), 'abort');
  const second = claim('second');
  assert.deepEqual(claims.add(second, 'continue'), []);
  assert.equal(claims.decide(80, '').taker?.name, 'second');
  claims.remove(second);
  assert.equal(claims.decide(80, '').taker?.name, 'first');
  assert.deepEqual(names(claims.add(claim('third'), 'override')), ['first']);
  assert.deepEqual(names(claims.of(80)), ['third']);
});

test('mirrors get copies of what they match, whoever answers', () => {
  const claims = new Claims<string, Named>();
  claims.add(claim('thief', wants('x')), 'abort');
  claims.add(claim('all', { mode: 'mirror' }), 'abort');
  claims.add(claim('some', { mode: 'mirror', ...wants('y') }), 'abort');
  const got = (request: string) => {
    const { taker, copies } = claims.decide(80, request);
    return [taker?.name, ...names(copies)];
  };
  assert.deepEqual(got('x'), ['thief', 'all']);
  assert.deepEqual(got('y'), [undefined, 'some', 'all']);
});

test('what is no HTTP is for those without a filter', () => {
  const claims = new Claims<string, Named>();
  claims.add(claim('all', { mode: 'mirror' }), 'abort');
  claims.add(claim('thief', wants('')), 'abort');
  assert.deepEqual(claims.decideUnread(80), { taker: undefined, copies: claims.of(80).slice(1) });
});

test('a filter that a newer session makes useless is known', () => {
  const claims = new Claims<string, Named>();
  claims.add(claim('filtered', wants('x')), 'abort');
  const all = claim('all');
  claims.add(all, 'abort');
  assert.deepEqual(names(claims.shadowedBy(all)), ['filtered']);
});

test('whatever the claims, a request is never taken by a session whose filter does not match', () => {
  const anyClaim = fc.record({
    mode: fc.constantFrom('steal' as const, 'mirror' as const),
    word: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
  });
  const how = fc.constantFrom('abort' as const, 'continue' as const, 'override' as const);
  fc.assert(
    fc.property(fc.array(fc.tuple(anyClaim, how)), fc.constantFrom('a', 'b', 'ab', 'abc', ''), (wanted, request) => {
      const claims = new Claims<string, Named>();
      for (const [{ mode, word }, onConcurrent] of wanted) {
        try {
          claims.add(claim(word ?? '', { mode, ...(word === undefined ? {} : wants(word)) }), onConcurrent);
        } catch {}
      }
      const matching = claims.of(80).filter(({ name }) => request.includes(name));
      const { taker, copies } = claims.decide(80, request);
      assert.equal(
        taker,
        matching.find(({ mode }) => mode === 'steal'),
      );
      assert.deepEqual(
        copies,
        matching.filter(({ mode }) => mode === 'mirror'),
      );
    }),
  );
});
