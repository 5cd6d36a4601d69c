// The same program in the pod and here: what happens to its connections, lookups and datagrams has to be the same.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { developerEnv, kubectlWith, namespace, type Pod, podOf } from './support/cluster.ts';
import { app, exec } from './support/mirrord.ts';
import { nodeProgram } from './support/nodes.ts';

/** What differs, and why it stays so; see docs/network.md. */
const known = new Set([
  'unreachable', // the pod's kernel says it at once, so Node has not one event but two
  'connected', // a socket of datagrams shows this machine's address
  'connected to nobody', // a datagram that nobody takes is lost
]);

describe('a program of 170 connections, lookups and datagrams', () => {
  let pod: Pod;
  let inPod: Record<string, unknown>;
  const peer = { stop: () => {} };

  before(async () => {
    pod = await podOf('shop');
    const other = fs.readFileSync(app('probe/peer.cjs'), 'utf8');
    const args = ['-n', namespace, 'exec', '-i', pod.name, '--', 'node', '-e', other];
    const child = spawn('kubectl', args, { env: developerEnv, stdio: ['pipe', 'pipe', 'inherit'] });
    peer.stop = () => child.stdin.end();
    await once(child.stdout, 'data');
    const program = fs.readFileSync(app('probe/connect.mjs'), 'utf8');
    const node = ['node', '--input-type=module', '-', namespace, pod.ip, '254'];
    inPod = JSON.parse(await kubectlWith(program, 'exec', '-i', pod.name, '--', ...node)) as typeof inPod;
    assert.ok(Object.keys(inPod).length > 160);
  });
  after(() => peer.stop());

  // The pod's own line: the events and texts of others differ.
  test('sees on Node 20 here what it sees in the pod', async () => {
    const program = [nodeProgram('20'), app('probe/connect.mjs'), namespace, pod.ip, '244'];
    const { stdout, stderr } = await exec(['-t', `pod/${pod.name}`, '--', ...program]).ended;
    assert.notEqual(stdout, '', stderr);
    const here = JSON.parse(stdout) as typeof inPod;
    for (const [name, value] of Object.entries(inPod)) {
      if (!known.has(name)) assert.deepEqual(here[name], value, name);
    }
  });
});
