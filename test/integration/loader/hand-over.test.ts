// A descriptor of the pod's is one for child processes and threads too.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { nodeLines } from '../../e2e/support/nodes.ts';
import { type FilePod, filesInPod, startFilePod } from '../support/file-pod.ts';

let pod: FilePod;

before(async () => {
  pod = await startFilePod();
});
after(() => pod?.stop());

for (const line of nodeLines) {
  test(`a child's stdio and a thread of Node ${line} get the pod's files`, async () => {
    const inPod = JSON.parse(await pod.inPod(line, 'probe/hand-over.mjs', filesInPod));
    assert.deepEqual(inPod.slice(0, 3), [26, 300_000, 299_000]);
    const here = await pod.here(line, ['--fs-mode', 'write'], 'probe/hand-over.mjs', filesInPod);
    assert.deepEqual(JSON.parse(here), inPod);
  });
}
