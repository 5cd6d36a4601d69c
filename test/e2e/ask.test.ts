// Records and datagrams: dns.resolve*, reverse, lookupService, Resolver and dgram, as in the pod.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { before, describe, test } from 'node:test';
import { kubectlWith, namespace, type Pod, podOf } from './support/cluster.ts';
import { app, exec } from './support/mirrord.ts';
import { nodeLines, nodeProgram } from './support/nodes.ts';

const program = app('probe/ask.mjs');

describe('a program that asks name servers', () => {
  let pod: Pod;
  let inPod: unknown;

  before(async () => {
    pod = await podOf('shop');
    const node = ['node', '--input-type=module', '-', namespace];
    inPod = JSON.parse(await kubectlWith(fs.readFileSync(program, 'utf8'), 'exec', '-i', pod.name, '--', ...node));
  });

  for (const line of nodeLines) {
    test(`gets on Node ${line} here what it gets in the pod`, async () => {
      const { stdout, stderr } = await exec(['-t', `pod/${pod.name}`, '--', nodeProgram(line), program, namespace])
        .ended;
      assert.notEqual(stdout, '', stderr);
      assert.deepEqual(JSON.parse(stdout), inPod);
    });
  }
});
