import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidates, parseResolvConf } from '../../../agent/names/resolv-conf.ts';

const kubernetes = parseResolvConf(
  'search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
);

test("Kubernetes' own file is understood", () => {
  assert.deepEqual(kubernetes, {
    servers: ['10.96.0.10'],
    search: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
    ndots: 5,
    timeoutMs: 5000,
    attempts: 2,
  });
});

test('without a server, or without a file, glibc asks the loopback', () => {
  assert.deepEqual(parseResolvConf(''), {
    servers: ['127.0.0.1'],
    search: [],
    ndots: 1,
    timeoutMs: 5000,
    attempts: 2,
  });
});

test('options are read and kept within their limits; unknown ones are skipped', () => {
  const config = parseResolvConf('options timeout:2 attempts:99 rotate ndots:40\noptions edns0 single-request\n');
  assert.deepEqual([config.timeoutMs, config.attempts, config.ndots], [2000, 5, 15]);
});

test('the last search line counts, and domain is a list of one', () => {
  assert.deepEqual(parseResolvConf('search a b\nsearch c.\n').search, ['c']);
  assert.deepEqual(parseResolvConf('search a b\ndomain d e\n').search, ['d']);
});

test('comments, odd spaces, servers that are no address and a fourth server are skipped', () => {
  const config = parseResolvConf(
    '# nameserver 9.9.9.9\n; x\nnameserver\t 1.1.1.1 \nnameserver nonsense\nnameserver ::1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\n',
  );
  assert.deepEqual(config.servers, ['1.1.1.1', '::1', '2.2.2.2']);
});

test('a short name is tried in the domains first, then as it is', () => {
  assert.deepEqual(candidates('prices', kubernetes), [
    'prices.shop.svc.cluster.local',
    'prices.svc.cluster.local',
    'prices.cluster.local',
    'prices',
  ]);
});

test('a name with ndots dots is tried as it is first', () => {
  const config = { ...kubernetes, ndots: 1, search: ['corp'] };
  assert.deepEqual(candidates('example.com', config), ['example.com', 'example.com.corp']);
  assert.deepEqual(candidates('a.b.c.d.e', kubernetes).at(-1), 'a.b.c.d.e');
  assert.deepEqual(candidates('a.b.c.d.e.f', kubernetes)[0], 'a.b.c.d.e.f');
});

test('a dot at the end makes a name whole', () => {
  assert.deepEqual(candidates('prices.', kubernetes), ['prices']);
});
