import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { openCluster } from '../../../src/kube/cluster.ts';
import { temporaryFolder } from '../config/temporary-folder.ts';

const plain = { acceptInvalidCertificates: false };

function kubeconfig(names: readonly string[], server = 'https://example:6443/', current = names[0]): string {
  return JSON.stringify({
    'current-context': current,
    clusters: names.map((name) => ({ name, cluster: { server } })),
    users: names.map((name) => ({ name, user: { token: 't' } })),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: name, namespace: `ns-${name}` } })),
  });
}

function file(text: string): string {
  const path = join(temporaryFolder(), 'config');
  writeFileSync(path, text);
  return path;
}

test('without any kubeconfig it says so, and never tries localhost', () => {
  assert.throws(() => openCluster(plain, { HOME: temporaryFolder() }), { code: 'KUBECONFIG_MISSING' });
  assert.throws(() => openCluster({ ...plain, kubeconfig: '/gone' }, {}), {
    code: 'KUBECONFIG_MISSING',
    message: /\/gone/,
  });
  assert.throws(() => openCluster(plain, { KUBECONFIG: '/gone' }), {
    code: 'KUBECONFIG_MISSING',
    message: /KUBECONFIG/,
  });
});

test('the setting beats $KUBECONFIG, which beats ~/.kube/config', () => {
  const home = temporaryFolder();
  mkdirSync(join(home, '.kube'));
  writeFileSync(join(home, '.kube/config'), kubeconfig(['home']));
  const env = { HOME: home, KUBECONFIG: file(kubeconfig(['listed'])) };
  assert.equal(openCluster({ ...plain, kubeconfig: file(kubeconfig(['set'])) }, env).context, 'set');
  assert.equal(openCluster(plain, env).context, 'listed');
  assert.equal(openCluster(plain, { HOME: home }).context, 'home');
});

test('a list in $KUBECONFIG is merged: the first that says something counts, missing files are skipped', () => {
  const KUBECONFIG = [
    '/gone',
    file(kubeconfig(['a'], 'https://first')),
    file(kubeconfig(['a', 'b'], 'https://second')),
  ].join(delimiter);
  assert.equal(openCluster(plain, { KUBECONFIG }).server, 'https://first');
  assert.equal(openCluster({ ...plain, kubeContext: 'b' }, { KUBECONFIG }).server, 'https://second');
});

test('the context gives server and namespace', () => {
  const { server, namespace } = openCluster(
    { ...plain, kubeContext: 'b' },
    { KUBECONFIG: file(kubeconfig(['a', 'b'])) },
  );
  assert.equal(server, 'https://example:6443');
  assert.equal(namespace, 'ns-b');
});

test('an unknown context is answered with those that there are', () => {
  assert.throws(() => openCluster({ ...plain, kubeContext: 'c' }, { KUBECONFIG: file(kubeconfig(['a', 'b'])) }), {
    code: 'KUBECONFIG_INVALID',
    help: /a, b/,
  });
});

test('a file that is no kubeconfig is named', () => {
  assert.throws(() => openCluster(plain, { KUBECONFIG: file('{') }), { code: 'KUBECONFIG_INVALID', message: /config/ });
  assert.throws(() => openCluster(plain, { KUBECONFIG: file('') }), { code: 'KUBECONFIG_INVALID' });
});
