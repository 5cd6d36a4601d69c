import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainApiError } from '../../../src/kube/api-errors.ts';

const server = 'https://cluster.example:6443';
const attempt = { verb: 'create', resource: 'jobs', namespace: 'eu' } as const;
const explain = (error: unknown) => explainApiError(error, server, attempt);
const status = (code: number, message: string) => Object.assign(new Error('HTTP'), { code, body: { message } });
const failure = (code: string, more: object = {}) => Object.assign(new Error(`it was ${code}`), { code, ...more });

test('forbidden by RBAC names the verb, the resource, the namespace and the rule that is needed', () => {
  const error = explain(
    status(
      403,
      'jobs.batch is forbidden: User "eve" cannot create resource "jobs" in API group "batch" in the namespace "eu"',
    ),
  );
  assert.equal(error.code, 'FORBIDDEN');
  assert.equal(error.message, 'eve may not create jobs in namespace "eu".');
  assert.match(error.help, /apiGroups: \["batch"\], resources: \["jobs"\], verbs: \["create"\].*docs\/rbac\.md/);
});

test("refused by a quota or a policy keeps the cluster's own sentence", () => {
  const error = explain(status(403, 'jobs.batch "x" is forbidden: exceeded quota: small'));
  assert.equal(error.code, 'FORBIDDEN');
  assert.match(error.message, /exceeded quota: small/);
});

test('a port-forward needs two verbs, whichever of them is missing', () => {
  const forward = { verb: 'create', resource: 'pods/portforward', namespace: 'eu' } as const;
  for (const said of ['User "eve" cannot get resource "pods/portforward"', 'pods "x" is forbidden: .']) {
    const error = explainApiError(status(403, said), server, forward);
    assert.match(error.message, /may not create pods\/portforward/);
    assert.match(error.help, /verbs: \["get", "create"\]/);
  }
});

test('a body that is text is read as well', () => {
  const error = explain(
    Object.assign(new Error(), { code: 403, body: '{"message":"User \\"eve\\" cannot create resource \\"jobs\\""}' }),
  );
  assert.match(error.message, /^eve may not/);
});

test('refused credentials', () => {
  assert.equal(explain(status(401, 'Unauthorized')).code, 'UNAUTHORIZED');
});

test('a namespace that does not exist', () => {
  const error = explain(status(404, 'namespaces "eu" not found'));
  assert.equal(error.code, 'NAMESPACE_NOT_FOUND');
  assert.match(error.message, /"eu"/);
});

test("a server that is not there, by any of the network's errors", () => {
  for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ECONNRESET', 'EPROTO']) {
    const error = explain(failure(code, { syscall: 'connect' }));
    assert.equal(error.code, 'CLUSTER_UNREACHABLE', code);
    assert.match(error.message, /https:\/\/cluster\.example:6443/);
  }
});

test('a server that answers but is not well', () => {
  assert.equal(explain(status(503, 'apiserver not ready')).code, 'CLUSTER_UNREACHABLE');
  assert.equal(explain(status(429, 'too many requests')).code, 'CLUSTER_UNREACHABLE');
});

test('a certificate that is not accepted says how to go on', () => {
  for (const code of [
    'SELF_SIGNED_CERT_IN_CHAIN',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ]) {
    const error = explain(failure(code));
    assert.equal(error.code, 'CLUSTER_UNREACHABLE', code);
    assert.match(error.help, /--accept-invalid-certificates/);
  }
});

test('a credential plugin that is missing or fails is not a network problem', () => {
  assert.equal(explain(failure('ENOENT', { syscall: 'spawnSync aws' })).code, 'UNAUTHORIZED');
  assert.equal(explain(new Error('token expired')).code, 'UNAUTHORIZED');
});

test('a certificate file that the kubeconfig names and that is gone', () => {
  const error = explain(failure('ENOENT', { syscall: 'open', path: '/gone/ca.crt' }));
  assert.equal(error.code, 'KUBECONFIG_INVALID');
  assert.match(error.message, /\/gone\/ca\.crt/);
});

test('an error that is already explained stays as it is', () => {
  const explained = explain(status(401, ''));
  assert.equal(explain(explained), explained);
});
