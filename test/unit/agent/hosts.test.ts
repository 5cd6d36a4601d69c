import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressesInHosts } from '../../../agent/names/hosts.ts';

const kubernetes = `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
10.244.1.17\tshop-7d9f.shop.svc.cluster.local\tshop-7d9f

# Entries added by HostAliases.
10.1.2.3\tdb.internal\tdb#not a name
2001:db8::5 db.internal
10.1.2.4 db.internal
`;

test('every line that has the name gives its address, in their order', () => {
  assert.deepEqual(addressesInHosts(kubernetes, 'db.internal', 0), ['10.1.2.3', '2001:db8::5', '10.1.2.4']);
});

test('the family chooses', () => {
  assert.deepEqual(addressesInHosts(kubernetes, 'db.internal', 4), ['10.1.2.3', '10.1.2.4']);
  assert.deepEqual(addressesInHosts(kubernetes, 'db.internal', 6), ['2001:db8::5']);
  assert.deepEqual(addressesInHosts(kubernetes, 'shop-7d9f', 6), []);
});

test('aliases count, case does not, nor does a dot at the end', () => {
  assert.deepEqual(addressesInHosts(kubernetes, 'SHOP-7D9F', 0), ['10.244.1.17']);
  assert.deepEqual(addressesInHosts(kubernetes, 'ip6-loopback', 0), ['::1']);
  assert.deepEqual(addressesInHosts(kubernetes, 'db.internal.', 4), ['10.1.2.3', '10.1.2.4']);
});

test('a comment starts anywhere in a line', () => {
  assert.deepEqual(addressesInHosts(kubernetes, 'db', 0), ['10.1.2.3']);
  assert.deepEqual(addressesInHosts(kubernetes, 'name', 0), []);
  assert.deepEqual(addressesInHosts('#1.2.3.4 x\n', 'x', 0), []);
});

test('lines that are none are skipped', () => {
  assert.deepEqual(addressesInHosts('nonsense x\n\n   \n1.2.3.4\r\n 1.2.3.5 x y\r\n', 'y', 0), ['1.2.3.5']);
});
