import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveName, type Surroundings, withHints } from '../../../agent/names/lookup.ts';
import { parseResolvConf } from '../../../agent/names/resolv-conf.ts';
import { lookupFlags } from '../../../src/protocol/schema.ts';

/** A name server by a table: `name family` to addresses, or the code that c-ares fails with. */
function pod(table: Readonly<Record<string, string[] | string>>, options: Partial<Surroundings> = {}) {
  const asked: string[] = [];
  const around: Surroundings = {
    hosts: '127.0.0.1 localhost\n10.0.0.7 here\n',
    multi: true,
    config: parseResolvConf('nameserver 10.96.0.10\nsearch shop.svc\noptions ndots:2 attempts:1\n'),
    ask: async (server, name, family) => {
      asked.push(`${server} ${name} ${family}`);
      const answer = table[`${server} ${name} ${family}`] ?? table[`${name} ${family}`] ?? 'ENOTFOUND';
      if (typeof answer === 'string') throw Object.assign(new Error(answer), { code: answer });
      return answer;
    },
    prefersIPv6: false,
    ...options,
  };
  return { around, asked };
}

test('the hosts file goes before DNS', async () => {
  const { around, asked } = pod({ 'here.shop.svc 4': ['10.9.9.9'] });
  assert.deepEqual(await resolveName('here', 0, around), ['10.0.0.7']);
  assert.deepEqual(asked, []);
});

test('a name without an IPv6 address in the hosts file is asked of DNS for IPv6', async () => {
  const { around } = pod({ 'here.shop.svc 6': ['fd00::7'] });
  assert.deepEqual(await resolveName('here', 6, around), ['fd00::7']);
});

test('the first domain that has the name ends the search', async () => {
  const { around, asked } = pod({ 'prices.shop.svc 4': ['10.0.0.1', '10.0.0.2'] });
  assert.deepEqual(await resolveName('prices', 4, around), ['10.0.0.1', '10.0.0.2']);
  assert.deepEqual(asked, ['10.96.0.10 prices.shop.svc 4']);
});

test('IPv4 comes first in a pod that has IPv4 only, IPv6 in one that has it', async () => {
  const both = { 'example.com 4': ['1.2.3.4'], 'example.com 6': ['2001:db8::1'] };
  assert.deepEqual(await resolveName('example.com', 0, pod(both).around), ['1.2.3.4', '2001:db8::1']);
  const { around } = pod(both, { prefersIPv6: true });
  assert.deepEqual(await resolveName('example.com', 0, around), ['2001:db8::1', '1.2.3.4']);
});

test('one family that fails does not hide the other', async () => {
  const { around } = pod({ 'example.com 4': ['1.2.3.4'], 'example.com 6': 'ESERVFAIL' });
  assert.deepEqual(await resolveName('example.com.', 0, around), ['1.2.3.4']);
});

test('a name that nobody knows is EAI_NONAME', async () => {
  await assert.rejects(resolveName('nope', 0, pod({}).around), { code: 'EAI_NONAME' });
  await assert.rejects(resolveName('', 0, pod({}).around), { code: 'EAI_NONAME' });
  await assert.rejects(resolveName('::1', 4, pod({}).around), { code: 'EAI_NONAME' });
});

test('a failing server does not end the search, and shows when nothing is found', async () => {
  const table = { 'a.shop.svc 4': 'ESERVFAIL', 'b.shop.svc 4': 'ESERVFAIL', 'a 4': ['10.0.0.1'] };
  assert.deepEqual(await resolveName('a', 4, pod(table).around), ['10.0.0.1']);
  await assert.rejects(resolveName('b', 4, pod(table).around), { code: 'EAI_AGAIN' });
});

test('servers that cannot be reached end the search', async () => {
  const { around, asked } = pod({ 'a.shop.svc 4': 'ETIMEOUT' });
  await assert.rejects(resolveName('a', 4, around), { code: 'EAI_AGAIN' });
  assert.equal(asked.length, 1);
});

test('the next server is asked when one cannot say, in as many rounds as attempts', async () => {
  const config = parseResolvConf('nameserver 1.1.1.1\nnameserver 2.2.2.2\noptions attempts:2\n');
  const { around, asked } = pod({ '1.1.1.1 x 4': 'ECONNREFUSED', '2.2.2.2 x 4': ['10.0.0.1'] }, { config });
  assert.deepEqual(await resolveName('x.', 4, around), ['10.0.0.1']);
  assert.deepEqual(asked, ['1.1.1.1 x 4', '2.2.2.2 x 4']);
  const dead = pod({ 'x 4': 'ETIMEOUT' }, { config });
  await assert.rejects(resolveName('x.', 4, dead.around), { code: 'EAI_AGAIN' });
  assert.equal(dead.asked.length, 4);
});

test('an answer that makes no sense is EAI_FAIL', async () => {
  await assert.rejects(resolveName('x.', 4, pod({ 'x 4': 'ENOMEM' }).around), { code: 'EAI_FAIL' });
});

test('localhost is known without a hosts file, and addresses are what they say', async () => {
  const { around } = pod({}, { hosts: '' });
  assert.deepEqual(await resolveName('localhost', 0, around), ['127.0.0.1']);
  assert.deepEqual(await resolveName('10.1.1.1', 0, around), ['10.1.1.1']);
});

test('a name that exists without such an address is told from one that does not exist', async () => {
  const { around } = pod({ 'prices.shop.svc 6': 'ENODATA' });
  await assert.rejects(resolveName('prices', 6, around), { code: 'EAI_NODATA' });
  await assert.rejects(resolveName('nothing', 6, around), { code: 'EAI_NONAME' });
});

test('the numbers of inet_aton are addresses', async () => {
  const { around, asked } = pod({});
  for (const name of ['127.1', '0x7f.1', '2130706433', '0177.0.0.1']) {
    assert.deepEqual(await resolveName(name, 0, around), ['127.0.0.1'], name);
  }
  await assert.rejects(resolveName('127.1', 6, around), { code: 'EAI_NONAME' });
  assert.deepEqual(asked, []);
  await assert.rejects(resolveName('256.1', 4, around), { code: 'EAI_NONAME' });
  assert.notEqual(asked.length, 0);
});

test('without multi only the first line of the hosts file counts', async () => {
  const hosts = '10.0.0.7 here\nfd00::7 here\n';
  assert.deepEqual(await resolveName('here', 0, pod({}, { hosts }).around), ['10.0.0.7', 'fd00::7']);
  assert.deepEqual(await resolveName('here', 0, pod({}, { hosts, multi: false }).around), ['10.0.0.7']);
  assert.deepEqual(await resolveName('here', 6, pod({}, { hosts, multi: false }).around), ['fd00::7']);
});

test('the hints give IPv4 in the shape of IPv6, and leave out families that the pod does not have', async () => {
  const { v4Mapped, all, addrConfig } = lookupFlags;
  const { around } = pod({
    'both.shop.svc 4': ['10.0.0.1'],
    'both.shop.svc 6': ['fd00::1'],
    'old.shop.svc 4': ['10.0.0.2'],
  });
  const ipv4 = new Set([4]);
  assert.deepEqual(await withHints('old', 6 | v4Mapped, ipv4, around), ['::ffff:10.0.0.2']);
  assert.deepEqual(await withHints('both', 6 | v4Mapped, ipv4, around), ['fd00::1']);
  assert.deepEqual(await withHints('both', 6 | v4Mapped | all, ipv4, around), ['fd00::1', '::ffff:10.0.0.1']);
  assert.deepEqual(await withHints('both', addrConfig, ipv4, around), ['10.0.0.1']);
  await assert.rejects(withHints('both', 6 | addrConfig, ipv4, around), { code: 'EAI_NONAME' });
});
