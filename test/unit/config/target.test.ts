import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTarget, namedKinds, parseTarget, readTargetSetting, type Target } from '../../../src/config/target.ts';
import { MirrordError } from '../../../src/errors.ts';

const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
const labelKey = fc.stringMatching(/^([a-z][a-z.]{0,9}[a-z]\/)?[a-z]([-_.a-z0-9]{0,9}[a-z0-9])?$/);
const labels = fc.dictionary(labelKey, fc.stringMatching(/^([A-Za-z0-9]{0,9})$/), {
  minKeys: 1,
  noNullPrototype: true,
});
const plain = { noNullPrototype: true } as const;
const target: fc.Arbitrary<Target> = fc.oneof(
  fc.constant({ kind: 'targetless' } as const),
  fc.record({ kind: fc.constantFrom(...namedKinds), name }, plain),
  fc.record({ kind: fc.constantFrom(...namedKinds), name, container: name }, plain),
  fc.record({ kind: fc.constant('labels' as const), labels }, plain),
  fc.record({ kind: fc.constant('labels' as const), labels, container: name }, plain),
);

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof MirrordError, String(error));
    return error.code;
  }
  return 'none';
}

test('a target is read back as it was written', () => {
  fc.assert(fc.property(target, (given) => assert.deepEqual(parseTarget(formatTarget(given)), given)));
});

test('any text is a target or a MirrordError', () => {
  const segments = fc.array(fc.oneof(fc.constantFrom('pod', 'deploy', 'container', 'x', '', '__proto__'), fc.string()));
  const text = fc.oneof(
    fc.string(),
    segments.map((list) => list.join('/')),
  );
  fc.assert(fc.property(text, (garbage) => ['none', 'TARGET_INVALID'].includes(codeOf(() => parseTarget(garbage)))));
});

test('any JSON value in a file is a target or a MirrordError', () => {
  fc.assert(fc.property(fc.jsonValue(), (garbage) => void codeOf(() => readTargetSetting(garbage))));
});

test("kubectl's short kinds are understood", () => {
  assert.deepEqual(parseTarget('po/a'), { kind: 'pod', name: 'a' });
  assert.deepEqual(parseTarget('deploy/a/container/b'), { kind: 'deployment', name: 'a', container: 'b' });
});

test("mirrord's keys in a file are understood, and kubectl's short names in the text", () => {
  const name = 'x';
  for (const [key, short, kind] of [
    ['stateful_set', 'sts', 'statefulset'],
    ['daemon_set', 'ds', 'daemonset'],
    ['replica_set', 'rs', 'replicaset'],
    ['cron_job', 'cj', 'cronjob'],
    ['service', 'svc', 'service'],
    ['rollout', 'ro', 'rollout'],
    ['job', 'jobs', 'job'],
  ] as const) {
    assert.deepEqual(readTargetSetting({ path: { [key]: name } }).target, { kind, name });
    assert.deepEqual(parseTarget(`${short}/${name}`), { kind, name });
  }
});

test('labels are a map in a file, and a selector in the text', () => {
  const target = {
    kind: 'labels',
    labels: { 'app.kubernetes.io/name': 'shop', tier: 'web' },
    container: 'app',
  } as const;
  const { labels, container } = target;
  assert.deepEqual(readTargetSetting({ path: { labels, container } }).target, target);
  assert.deepEqual(parseTarget('labels/app.kubernetes.io/name=shop,tier=web/container/app'), target);
  for (const text of ['labels/', 'labels/app', 'labels/=x', 'labels/a=b=c', 'labels/a=b,', 'labels/a=ü']) {
    assert.throws(() => parseTarget(text), { code: 'TARGET_INVALID' });
  }
  for (const wrong of [{}, { app: 1 }, 'app=shop', ['app']]) {
    assert.throws(() => readTargetSetting({ labels: wrong }), { code: 'TARGET_INVALID' });
  }
});

test('a malformed target says the right form', () => {
  for (const text of [
    'pod/',
    '/x',
    'pod/x/',
    'pod/x/container',
    'pod/x/container/',
    'pod/x/c/y',
    'pod/x/container/y/z',
    'pod/X',
  ]) {
    assert.throws(() => parseTarget(text), { code: 'TARGET_INVALID', help: /KIND\/NAME/ }, text);
  }
});

test('a name without a kind is shown with the kinds that are named most', () => {
  assert.throws(() => parseTarget('shop'), { code: 'TARGET_INVALID', help: 'Write pod/shop or deployment/shop.' });
});

test('a mistyped kind is answered with the nearest', () => {
  assert.throws(() => parseTarget('deploymnet/shop'), { help: /"deployment"/ });
});

test('a file may give the target as an object, with or without a namespace', () => {
  const shop = { kind: 'deployment', name: 'shop', container: 'app' };
  assert.deepEqual(readTargetSetting({ deployment: 'shop', container: 'app' }), { target: shop });
  assert.deepEqual(readTargetSetting({ path: 'deploy/shop/container/app', namespace: 'eu' }), {
    target: shop,
    namespace: 'eu',
  });
  assert.deepEqual(readTargetSetting({ path: { deployment: 'shop', container: 'app' } }).target, shop);
  assert.equal(readTargetSetting({ namespace: 'eu' }).target, undefined);
});

test('a wrong key in a target object is named', () => {
  assert.throws(() => readTargetSetting({ path: 'pod/a', names: 'x' }), {
    code: 'CONFIG_INVALID',
    message: /target\.names/,
  });
  assert.throws(() => readTargetSetting({ pod: 'a', deployment: 'b' }), { code: 'TARGET_INVALID' });
});
