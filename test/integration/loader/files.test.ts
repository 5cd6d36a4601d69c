// A program of some 700 calls of fs prints the same inside the pod and here through mirrord: on each line of Node,
// which in the pod is the same one.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { nodeLines } from '../../e2e/support/nodes.ts';
import { type FilePod, filesInPod, startFilePod } from '../support/file-pod.ts';

/** A value, or the parts of an error, by the call that gave it. */
type Told = ReadonlyMap<string, unknown>;

for (const [title, user] of [
  ['a pod whose user is root', '0:0'],
  ['a pod whose user is not', '1000:2000'],
] as const) {
  describe(title, () => {
    let pod: FilePod;

    before(async () => {
      pod = await startFilePod({ user });
    });
    after(() => pod?.stop());

    for (const line of nodeLines) {
      test(`every call of fs does on Node ${line} here what it does there`, async () => {
        const inPod = toldBy(await pod.inPod(line, 'probe/files.mjs', filesInPod));
        removeMade(pod);
        const here = toldBy(await pod.here(line, ['--fs-mode', 'write'], 'probe/files.mjs', filesInPod));
        removeMade(pod);
        assert.ok(inPod.size > 600, `${inPod.size} calls`);
        for (const [call, value] of inPod) assert.deepEqual(here.get(call), value, call);
        assert.equal(fs.existsSync(filesInPod), false, 'nothing of it is on this machine');
      });
    }
  });
}

function toldBy(output: string): Told {
  const lines = output.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => JSON.parse(line) as [string, unknown]));
}

/** The program removes what it makes; what an unfinished one left must not be in the way of the next. */
function removeMade({ folder }: FilePod): void {
  for (const name of ['Sync', 'callback', 'promise', 'work']) {
    fs.rmSync(`${folder}/${name}`, { recursive: true, force: true });
  }
}
