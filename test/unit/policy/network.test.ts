import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddressEntry } from '../../../src/policy/addresses.ts';
import { createNetworkPolicy, type Filter, type NetworkRules, namesWithOutgoing } from '../../../src/policy/network.ts';

const all: NetworkRules = {
  resolveNames: true,
  outgoingTcp: true,
  outgoingUdp: true,
  outgoingIgnoreLocalhost: false,
  debuggerPorts: [],
  outgoingUnixStreams: [],
};
const policy = (rules: Partial<NetworkRules> = {}) => createNetworkPolicy({ ...all, ...rules });
const only = (side: Filter['side'], ...entries: string[]): Filter => ({ side, entries });

test('without a filter all is remote, but for port 0 and multicast', () => {
  const { connects, resolves } = policy();
  assert.equal(connects('tcp', '10.0.0.1', 80), 'remote');
  assert.equal(connects('tcp', '127.0.0.1', 5432), 'remote');
  assert.equal(connects('tcp', '10.0.0.1', 0), 'local');
  assert.equal(connects('udp', '224.0.0.251', 5353), 'local');
  assert.equal(connects('udp', 'ff02::fb', 5353), 'local');
  assert.equal(resolves('prices'), 'remote');
});

test('what is switched off is local', () => {
  const { connects, resolves } = policy({ outgoingTcp: false, outgoingIgnoreLocalhost: true, resolveNames: false });
  assert.equal(connects('tcp', '10.0.0.1', 80), 'local');
  assert.equal(connects('udp', '10.0.0.1', 80), 'remote');
  for (const host of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1', '0.0.0.0', '::']) {
    assert.equal(connects('udp', host, 80), 'local', host);
  }
  assert.equal(resolves('prices'), 'local');
});

test("debuggers' ports are local on loopback", () => {
  const { connects } = policy({ debuggerPorts: [[9000, 9010]] });
  assert.equal(connects('tcp', '127.0.0.1', 9010), 'local');
  assert.equal(connects('tcp', '127.0.0.1', 9011), 'remote');
  assert.equal(connects('tcp', '10.0.0.1', 9010), 'remote');
});

test('a list of local ones leaves all else remote, and the other way round', () => {
  const local = policy({ outgoingFilter: only('local', '10.1.2.3', '192.168.0.0/16:5432', 'udp://:53') });
  const remote = policy({ outgoingFilter: only('remote', '10.1.2.3', '192.168.0.0/16:5432', 'udp://:53') });
  const cases = [
    ['tcp', '10.1.2.3', 1, true],
    ['udp', '10.1.2.3', 65_535, true],
    ['tcp', '::ffff:10.1.2.3', 80, true],
    ['tcp', '10.1.2.4', 1, false],
    ['tcp', '192.168.77.1', 5432, true],
    ['tcp', '192.168.77.1', 5433, false],
    ['udp', '8.8.8.8', 53, true],
    ['udp', '2001:db8::1', 53, true],
    ['tcp', '8.8.8.8', 53, false],
    ['tcp', '127.0.0.1', 80, false],
  ] as const;
  for (const [protocol, host, port, isListed] of cases) {
    const what = `${protocol} ${host} ${port}`;
    assert.equal(local.connects(protocol, host, port), isListed ? 'local' : 'remote', what);
    assert.equal(remote.connects(protocol, host, port), isListed ? 'remote' : 'local', what);
  }
});

test('IPv6 addresses and subnets match, with a port in brackets', () => {
  const { connects } = policy({ outgoingFilter: only('local', '2001:db8::/32', '[fd00::1]:80', '[fd00:1::/64]:81') });
  assert.equal(connects('tcp', '2001:db8:1::9', 443), 'local');
  assert.equal(connects('tcp', 'fd00::1', 80), 'local');
  assert.equal(connects('tcp', 'fd00::1', 81), 'remote');
  assert.equal(connects('tcp', 'fd00:1::5', 81), 'local');
  assert.equal(connects('tcp', 'fd00:1::5', 80), 'remote');
});

test('0.0.0.0 and port 0 are any', () => {
  assert.equal(
    policy({ outgoingFilter: only('local', 'tcp://0.0.0.0:5432') }).connects('tcp', 'fd00::1', 5432),
    'local',
  );
  assert.equal(policy({ outgoingFilter: only('local', '10.0.0.1:0') }).connects('tcp', '10.0.0.1', 99), 'local');
});

test('a name is a part of what was looked up, without case', () => {
  const { connects, goesByName } = policy({ outgoingFilter: only('local', 'Payments.internal:443') });
  assert.ok(goesByName);
  assert.equal(connects('tcp', '10.0.0.1', 443, 'payments.internal'), 'local');
  assert.equal(connects('tcp', '10.0.0.1', 443, 'eu.PAYMENTS.internal.'), 'local');
  assert.equal(connects('tcp', '10.0.0.1', 80, 'payments.internal'), 'remote');
  assert.equal(connects('tcp', '10.0.0.1', 443, 'payments'), 'remote');
  assert.equal(connects('tcp', '10.0.0.1', 443), 'remote');
  assert.ok(!policy({ outgoingFilter: only('local', '10.0.0.1') }).goesByName);
});

test('localhost is every loopback address, looked up or not', () => {
  const { connects } = policy({ outgoingFilter: only('local', 'localhost:5432') });
  assert.equal(connects('tcp', '127.0.0.1', 5432), 'local');
  assert.equal(connects('tcp', '::1', 5432), 'local');
  assert.equal(connects('tcp', '127.0.0.1', 6379), 'remote');
});

test('a name filter takes whole names, and addresses where the question is an address', () => {
  const { resolves } = policy({ nameFilter: only('local', 'db.internal', '10.9.0.0/16') });
  assert.equal(resolves('DB.internal.'), 'local');
  assert.equal(resolves('eu.db.internal'), 'remote');
  assert.equal(resolves('10.9.1.1'), 'local');
  assert.equal(resolves('10.8.1.1'), 'remote');
});

test("the names of outgoing.filter are dns.filter's too, unless that is the other side's list", () => {
  const outgoing = only('local', 'tcp://db.internal:5432', '10.0.0.1');
  assert.deepEqual(namesWithOutgoing(undefined, outgoing), only('local', 'tcp://db.internal:5432'));
  assert.deepEqual(namesWithOutgoing(only('local', 'a'), outgoing), only('local', 'a', 'tcp://db.internal:5432'));
  assert.deepEqual(namesWithOutgoing(only('remote', 'a'), outgoing), only('remote', 'a'));
  assert.equal(namesWithOutgoing(undefined, only('remote', '10.0.0.1')), undefined);
  const { resolves } = policy({ nameFilter: namesWithOutgoing(undefined, outgoing) });
  assert.equal(resolves('db.internal'), 'local');
});

test('unix sockets are local but for what a pattern names; an abstract one is called by @', () => {
  const { connectsUnix } = policy({ outgoingUnixStreams: ['\\.s\\.PGSQL', '^@shop/'] });
  assert.equal(connectsUnix('/tmp/.s.PGSQL.5432'), 'remote');
  assert.equal(connectsUnix('\0shop/x'), 'remote');
  assert.equal(connectsUnix('/shop/x'), 'local');
  assert.equal(connectsUnix('.s.PGSQL.5432'), 'local');
  assert.equal(policy().connectsUnix('/tmp/.s.PGSQL.5432'), 'local');
});

test('what is no entry is refused', () => {
  for (const text of ['', 'tcp://', 'http://x', 'a b', '10.0.0.1/33', '10.0.0.0/x', 'x:65536', 'x:y', '[::1', 'a..b']) {
    assert.equal(parseAddressEntry(text), undefined, text);
  }
  for (const text of ['::1', '[::1]:80', 'a-b.c_d:1', ':80', 'UDP://x', '10.0.0.0/8', '2001:db8::/32']) {
    assert.notEqual(parseAddressEntry(text), undefined, text);
  }
});
