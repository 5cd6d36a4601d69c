import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestNames } from '../../../src/kube/not-found.ts';

test('a mistyped name is answered with the nearest, at most three', () => {
  assert.deepEqual(nearestNames('shpo', ['prices', 'shop', 'ship', 'shoq', 'shot']).length, 3);
  assert.equal(nearestNames('prices', ['price', 'shop'])[0], 'price');
});

test('a name that lacks its generated end is near', () => {
  assert.deepEqual(nearestNames('shop', ['shop-7d9c6b5f4-x2vbn', 'multi']), ['shop-7d9c6b5f4-x2vbn']);
});

test('names that have nothing in common are not offered', () => {
  assert.deepEqual(nearestNames('shop', ['coredns', 'kube-proxy']), []);
});
