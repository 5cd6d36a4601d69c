// Addresses as a program's memory has them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AF_INET, AF_INET6, decodeAddress, encodeAddress, familyOf } from '../../../supervisor/net/sockaddr.ts';

test('an IPv4 address is struct sockaddr_in', () => {
  const bytes = encodeAddress(AF_INET, { host: '10.96.0.10', port: 53 });
  assert.equal(bytes.toString('hex'), '020000350a60000a0000000000000000');
  assert.deepEqual(decodeAddress(bytes), { host: '10.96.0.10', port: 53 });
});

test('an IPv6 address is struct sockaddr_in6, and is read as RFC 5952 writes it', () => {
  const bytes = encodeAddress(AF_INET6, { host: '2001:DB8:0:0:1::7', port: 8080 });
  assert.equal(bytes.toString('hex'), '0a001f900000000020010db8000000000001000000000007'.padEnd(56, '0'));
  assert.deepEqual(decodeAddress(bytes), { host: '2001:db8::1:0:0:7', port: 8080 });
});

test('an IPv4 address of an IPv6 socket is mapped, and read as what it is', () => {
  const bytes = encodeAddress(AF_INET6, { host: '10.1.2.3', port: 80 });
  assert.equal(bytes.subarray(8, 24).toString('hex'), '00000000000000000000ffff0a010203');
  assert.deepEqual(decodeAddress(bytes), { host: '10.1.2.3', port: 80 });
});

test('every IPv6 address is the same there and back', () => {
  fc.assert(
    fc.property(fc.ipV6(), fc.integer({ min: 0, max: 65535 }), (host, port) => {
      const decoded = decodeAddress(encodeAddress(AF_INET6, { host, port }));
      assert.deepEqual(decodeAddress(encodeAddress(AF_INET6, decoded ?? { host, port })), decoded);
      assert.equal(decoded?.port, port);
    }),
  );
});

test('other families, and what is too short, are no addresses', () => {
  assert.equal(familyOf(Buffer.from('01002f746d702f73000000000000000000', 'hex')), undefined);
  assert.equal(familyOf(Buffer.from('020000350a60000a', 'hex')), undefined);
  assert.equal(familyOf(Buffer.alloc(0)), undefined);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void decodeAddress(Buffer.from(bytes))));
});
