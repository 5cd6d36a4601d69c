import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettings } from '../../../agent/settings.ts';

const id = 'ab'.repeat(32);

test('a container, a port and the default idle time', () => {
  assert.deepEqual(readSettings({ MIRRORD_AGENT_PORT: '4040', MIRRORD_AGENT_CONTAINER_ID: id }), {
    port: 4040,
    target: { kind: 'container', id },
    idleMs: 10_000,
  });
});

test('a process instead of a container', () => {
  const environment = { MIRRORD_AGENT_PORT: '0', MIRRORD_AGENT_TARGET_PID: '17', MIRRORD_AGENT_IDLE_S: '2' };
  assert.deepEqual(readSettings(environment), { port: 0, target: { kind: 'process', pid: 17 }, idleMs: 2000 });
});

test('what is missing or wrong is named', () => {
  assert.throws(() => readSettings({ MIRRORD_AGENT_CONTAINER_ID: id }), /MIRRORD_AGENT_PORT/);
  assert.throws(() => readSettings({ MIRRORD_AGENT_PORT: '1' }), /MIRRORD_AGENT_TARGET_PID/);
  assert.throws(
    () => readSettings({ MIRRORD_AGENT_PORT: '1', MIRRORD_AGENT_CONTAINER_ID: `containerd://${id}` }),
    /MIRRORD_AGENT_CONTAINER_ID/,
  );
  assert.throws(() => readSettings({ MIRRORD_AGENT_PORT: '70000', MIRRORD_AGENT_CONTAINER_ID: id }), /PORT/);
});
