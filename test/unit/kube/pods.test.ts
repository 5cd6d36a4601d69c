import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podsOfDeployment, selectorText } from '../../../src/kube/pods.ts';
import { deployment, pod } from './fixtures.ts';

const owned = { owner: 'shop-7d9', hash: '7d9' };
const namesOf = (pods: ReturnType<typeof pod>[]) =>
  podsOfDeployment(deployment('shop'), pods).map((one) => one.metadata?.name);

test('ready pods come first, then the newest, then by name', () => {
  const pods = [
    pod({ ...owned, name: 'b-old' }),
    pod({ ...owned, name: 'unready', ready: false, created: '2026-03-01T00:00:00Z' }),
    pod({ ...owned, name: 'a-old' }),
    pod({ ...owned, name: 'new', created: '2026-02-01T00:00:00Z' }),
  ];
  assert.deepEqual(namesOf(pods), ['new', 'a-old', 'b-old', 'unready']);
});

test('a terminating pod is never taken', () => {
  assert.deepEqual(namesOf([pod({ ...owned, terminating: true }), pod({ ...owned, name: 'stays' })]), ['stays']);
});

test("a pod of another owner under the same selector is not the deployment's", () => {
  const pods = [pod({ name: 'bare' }), pod({ name: 'other', owner: 'shop-blue-7d9', hash: '7d9' })];
  assert.deepEqual(namesOf(pods), []);
});

test('a selector is written as the API takes it', () => {
  const selector = {
    matchLabels: { app: 'shop' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['web', 'api'] },
      { key: 'env', operator: 'NotIn', values: ['test'] },
      { key: 'live', operator: 'Exists' },
      { key: 'old', operator: 'DoesNotExist' },
    ],
  };
  assert.equal(selectorText(selector), 'app=shop,tier in (web,api),env notin (test),live,!old');
});
