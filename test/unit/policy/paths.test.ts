import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { createPathPolicy, type PathPolicy, type PathRules } from '../../../src/policy/paths.ts';

const noRules: PathRules = { mode: 'read', readWrite: [], readOnly: [], local: [], notFound: [], mapping: [] };
const places = {
  home: '/root',
  temporary: '/scratch',
  roots: ['/srv/team/project', '/usr/local/node/bin'],
};

function policy(rules: Partial<PathRules> = {}): PathPolicy {
  return createPathPolicy({ ...noRules, ...rules }, places);
}

const where = (path: string, rules: Partial<PathRules> = {}, access: 'read' | 'write' = 'read') =>
  policy(rules)(path, access).where;

test("the pod's own places are read from the pod", () => {
  for (const path of [
    '/app/x.conf',
    '/srv/data',
    '/var/run/secrets/kubernetes.io/serviceaccount/token',
    '/config',
    '/root/x',
  ]) {
    assert.equal(where(path), 'remote', path);
  }
});

test('the system, the project and the modules of this machine stay local', () => {
  const paths = [
    '/',
    '/usr/lib/x',
    '/etc/passwd',
    '/tmp/x',
    '/scratch/x',
    '/proc/self/maps',
    '/dev/null',
    '/root/.npmrc',
  ];
  const project = ['/srv/team/project', '/srv/team/project/data.json', '/usr/local/node/bin/node'];
  const modules = ['/elsewhere/node_modules/a/data', '/elsewhere/x.mjs', '/elsewhere/x.ts', '/elsewhere/package.json'];
  for (const path of [...paths, ...project, ...modules]) assert.equal(where(path), 'local', path);
});

test('the folders above the project are local, their other entries are not', () => {
  assert.equal(where('/srv/team'), 'local');
  assert.equal(where('/srv'), 'local');
  assert.equal(where('/srv/team/other'), 'remote');
  assert.equal(where('/srv/team/project-2/x'), 'remote');
});

test('name resolution and certificates are read from the pod although they lie in /etc', () => {
  for (const path of ['/etc/hosts', '/etc/resolv.conf', '/etc/hostname', '/etc/ssl/certs/ca.pem']) {
    assert.equal(where(path), 'remote', path);
  }
  assert.equal(where('/etc/hosts.allow'), 'local');
});

test("this machine's logins are not there", () => {
  for (const path of ['/root/.kube/config', '/root/.azure/token', '/root/.config/gcloud/x']) {
    assert.equal(where(path), 'notFound', path);
  }
});

test('in read mode whatever is written is local', () => {
  assert.equal(where('/app/log', {}, 'write'), 'local');
  assert.equal(where('/app/log', { readOnly: ['^/app'] }, 'write'), 'local');
});

test('in write mode what is read from the pod is written there too, and the system stays local', () => {
  assert.equal(where('/app/log', { mode: 'write' }, 'write'), 'remote');
  assert.equal(where('/app/log', { mode: 'write' }, 'read'), 'remote');
  assert.equal(where('/etc/passwd', { mode: 'write' }, 'write'), 'local');
  assert.equal(where('/srv/team/project/x', { mode: 'write' }, 'write'), 'local');
});

test('a read_write pattern sends both ways to the pod, in any mode but local', () => {
  for (const mode of ['read', 'write', 'localwithoverrides'] as const) {
    assert.equal(where('/etc/shop/x', { mode, readWrite: ['^/etc/shop'] }, 'write'), 'remote');
  }
});

test('in localwithoverrides mode only patterns and built-in rules are remote', () => {
  const rules = { mode: 'localwithoverrides', readOnly: ['^/app'] } as const;
  assert.equal(where('/app/x', rules), 'remote');
  assert.equal(where('/etc/hosts', rules), 'remote');
  assert.equal(where('/data/x', rules), 'local');
});

test('in local mode nothing is remote, whatever the rules', () => {
  assert.equal(where('/app/x', { mode: 'local', readOnly: ['.*'] }), 'local');
});

test("the user's rules come in mirrord's order: not found, read only, local, then what is built in", () => {
  const both = { readOnly: ['^/etc/shop'], local: ['/shop', '^/data'], notFound: ['secret'] };
  assert.equal(where('/etc/shop/x', both), 'remote');
  assert.equal(where('/data/x', both), 'local');
  assert.equal(where('/etc/shop/SECRET', both), 'notFound');
  assert.equal(where('/root/.kube/config', { readOnly: ['kube'] }), 'remote');
});

test('a relative path is local, unless it is not to be found', () => {
  assert.equal(where('data/x'), 'local');
  assert.equal(where('data/secret', { notFound: ['secret'] }), 'notFound');
});

test('a mapping rewrites the path before the rules see it', () => {
  const mapped = policy({ mapping: [['^/home/dev/(.*)$', '/app/$1']] });
  assert.deepEqual(mapped('/home/dev/x.conf', 'read'), { where: 'remote', path: '/app/x.conf' });
});

test('dots and doubled slashes do not change where a path leads, and the path is passed on as written', () => {
  assert.deepEqual(policy()('/app/../etc//passwd', 'read'), { where: 'local', path: '/app/../etc//passwd' });
  assert.deepEqual(policy()('/etc/../app/', 'read'), { where: 'remote', path: '/etc/../app/' });
  assert.equal(where('/srv/team/project/'), 'local');
});

test('the answer is the same the second time, for any path', () => {
  const one = policy();
  fc.assert(
    fc.property(fc.array(fc.constantFrom('/', '..', '.', 'app', 'etc', 'x.js', '//'), { maxLength: 8 }), (parts) => {
      const path = parts.join('');
      assert.deepEqual(one(path, 'read'), policy()(path, 'read'));
      assert.deepEqual(one(path, 'read'), one(path, 'read'));
    }),
  );
});

test('an invalid pattern is refused at once', () => {
  assert.throws(() => policy({ local: ['('] }), SyntaxError);
});
