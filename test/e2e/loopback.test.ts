// Loopback and link-local addresses: the pod's, but for what this session and its debuggers listen on.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ownNodes, podOf } from './support/cluster.ts';
import { app, exec } from './support/mirrord.ts';
import { inNetwork } from './support/node-view.ts';
import { reach, serveHere } from './support/reach.ts';

const here = await serveHere();
const place = `tcp 127.0.0.1:${here}`;

describe('a connect to 127.0.0.1', () => {
  test("is the pod's, also where something else of this machine listens", async () => {
    const reached = await reach(['tcp 127.0.0.1:7070', 'tcp 0.0.0.0:7070', place]);
    assert.deepEqual(reached, {
      'tcp 127.0.0.1:7070': 'loopback of the pod',
      'tcp 0.0.0.0:7070': 'loopback of the pod',
      [place]: 'ECONNREFUSED',
    });
  });

  test("is this machine's where a debugger is, as Node or MIRRORD_IGNORE_DEBUGGER_PORTS says", async () => {
    const asked = { env: { MIRRORD_IGNORE_DEBUGGER_PORTS: `${here - 1}-${here + 1}` } };
    const inspector = { env: { NODE_OPTIONS: `--inspect-port=${here}` } };
    for (const options of [asked, inspector])
      assert.deepEqual(await reach([place], options), { [place]: 'this machine' });
  });

  test("is the program's own where it listens, on the port that it asked for or got", async () => {
    const own = exec(['-t', 'deployment/shop', '--', process.execPath, app('probe/own.mjs')]);
    const { stdout, stderr } = await own.ended;
    assert.deepEqual(
      stdout.split('\n'),
      ['any port: itself', '7070: itself', '7070 closed: loopback of the pod', ''],
      stderr,
    );
  });
});

test("a link-local address, as clouds have for their metadata, is the pod's", { skip: !ownNodes }, async () => {
  const pod = await podOf('shop');
  const address = '169.254.169.254';
  await inNetwork(pod, 'ip', 'address', 'add', `${address}/32`, 'dev', 'lo');
  try {
    const { [`tcp ${address}:9090`]: answer } = await reach([`tcp ${address}:9090`], { target: `pod/${pod.name}` });
    assert.equal(answer, 'admin from pod');
  } finally {
    await inNetwork(pod, 'ip', 'address', 'del', `${address}/32`, 'dev', 'lo');
  }
});
