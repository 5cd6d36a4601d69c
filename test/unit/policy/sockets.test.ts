// Which port of the pod a program gets that listens here.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback, podPort } from '../../../src/policy/sockets.ts';

const settings = {
  mode: 'steal',
  portMapping: [[3000, 8080]],
  listenPorts: [],
  ignorePorts: [9229],
  ports: undefined,
  ignoreLocalhost: false,
} as const;

test('the same one, the mapped one, or none', () => {
  assert.equal(podPort(settings, { host: '::', port: 80 }), 80);
  assert.equal(podPort(settings, { host: '::', port: 3000 }), 8080);
  assert.equal(podPort(settings, { host: '::', port: 9229 }), undefined);
  assert.equal(podPort(settings, { host: '::', port: 0 }), undefined);
  assert.equal(podPort({ ...settings, mode: 'off' }, { host: '::', port: 80 }), undefined);
});

test('only listed ports of the pod, and what listens on loopback only where that is wanted', () => {
  assert.equal(podPort({ ...settings, ports: [8080] }, { host: '::', port: 3000 }), 8080);
  assert.equal(podPort({ ...settings, ports: [8080] }, { host: '::', port: 80 }), undefined);
  assert.equal(podPort({ ...settings, ignoreLocalhost: true }, { host: '127.0.0.1', port: 80 }), undefined);
});

test('loopback is 127.0.0.0/8 and ::1, mapped as well', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', '::FFFF:127.0.0.1']) assert.ok(isLoopback(host), host);
  for (const host of ['10.0.0.1', '::', '0.0.0.0']) assert.ok(!isLoopback(host), host);
});
