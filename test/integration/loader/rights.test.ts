// The pod's user may through mirrord what it may in the pod, and what it makes is its own.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { filesInPod, startFilePod } from '../support/file-pod.ts';

for (const user of ['0:0', '1000:2000']) {
  test(`files are the business of ${user}, the pod's user`, async () => {
    const pod = await startFilePod({ user });
    try {
      fs.writeFileSync(`${pod.folder}/secret`, "root's own", { mode: 0o600 });
      const inPod = JSON.parse(await pod.inPod('20', 'probe/rights.mjs', filesInPod));
      if (user !== '0:0') assert.match(inPod[0], /^EACCES/);
      const here = await pod.here('20', ['--fs-mode', 'write'], 'probe/rights.mjs', filesInPod);
      assert.deepEqual(JSON.parse(here), inPod);
    } finally {
      await pod.stop();
    }
  });
}
