// Writing: with --fs-mode write, a program changes the pod's files as it would in the pod.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { before, describe, test } from 'node:test';
import { kubectl, kubectlWith, type Pod, podOf } from './support/cluster.ts';
import { app, exec } from './support/mirrord.ts';
import { nodeLines, nodeProgram } from './support/nodes.ts';

type Came = readonly (readonly [name: string, value: unknown])[];

const folder = '/data/changes';
const program = app('probe/change.mjs');

describe('a program of many changes', () => {
  let pod: Pod;
  let inPod: Came;

  before(async () => {
    pod = await podOf('shop');
    const node = ['node', '--input-type=module', '-', folder];
    inPod = JSON.parse(await kubectlWith(fs.readFileSync(program, 'utf8'), 'exec', '-i', pod.name, '--', ...node));
    assert.ok(inPod.length > 40, `${inPod.length} changes`);
  });

  for (const line of nodeLines) {
    test(`on Node ${line} here has the results and errors that it has in the pod`, async () => {
      const args = ['-t', `pod/${pod.name}`, '--fs-mode', 'write', '--', nodeProgram(line), program, folder];
      const { stdout, stderr } = await exec(args).ended;
      assert.notEqual(stdout, '', stderr);
      assert.deepEqual(JSON.parse(stdout), inPod);
      assert.equal(fs.existsSync(folder), false, 'nothing of it is on this machine');
    });
  }

  test('in the default mode the pod keeps its files, and a copy across the border streams', async () => {
    const code = `const fs = require('fs'); const here = fs.mkdtempSync(require('os').tmpdir() + '/mirrord-e2e-');
      fs.copyFileSync('/data/note.txt', here + '/note'); const text = fs.readFileSync(here + '/note', 'utf8');
      const refused = (call) => { try { call(); return 'done' } catch (error) { return error.code } };
      console.log(JSON.stringify([text, refused(() => fs.writeFileSync('/data/new/x', 'x')),
        refused(() => fs.renameSync('/data/note.txt', here + '/moved'))])); fs.rmSync(here, { recursive: true });`;
    const { stdout, stderr } = await exec(['-t', `pod/${pod.name}`, '--', 'node', '-e', code]).ended;
    assert.notEqual(stdout, '', stderr);
    assert.deepEqual(JSON.parse(stdout), ['a note of the pod\n', 'ENOENT', 'ENOENT']);
    assert.equal(await kubectl('exec', pod.name, '--', 'ls', '/data'), 'big.bin\ndir\nlink\nnote.txt\n');
  });
});
