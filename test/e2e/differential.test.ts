// The same program in the pod and here: every value and every error has to be the same.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { before, describe, test } from 'node:test';
import { kubectlWith, namespace, type Pod, podOf } from './support/cluster.ts';
import { app, exec } from './support/mirrord.ts';
import { nodeLines, nodeProgram } from './support/nodes.ts';
import { parseSeen, type Seen } from './support/see.ts';

/** The pod has Node 20, which does not follow a link when it lists recursively with types; later lines do. */
const ofTheLine = new Set(['readdir recursive typed /config', 'readdir recursive typed /data']);

describe('a program of 130 looks at files, names and connections', () => {
  let pod: Pod;
  let inPod: Seen;

  before(async () => {
    pod = await podOf('shop');
    const program = fs.readFileSync(app('probe/see.mjs'), 'utf8');
    const node = ['node', '--input-type=module', '-', namespace];
    inPod = parseSeen(await kubectlWith(program, 'exec', '-i', pod.name, '--', ...node));
    assert.ok(Object.keys(inPod).length > 100);
  });

  for (const line of nodeLines) {
    test(`sees on Node ${line} here what it sees in the pod`, async () => {
      const program = [nodeProgram(line), app('probe/see.mjs'), namespace];
      const { stdout, stderr } = await exec(['-t', `pod/${pod.name}`, '--', ...program]).ended;
      assert.notEqual(stdout, '', stderr);
      const here = parseSeen(stdout);
      for (const [name, value] of Object.entries(inPod)) {
        if (line !== '20' && ofTheLine.has(name)) continue;
        assert.deepEqual(here[name], value, `"${name}"`);
      }
    });
  }
});
