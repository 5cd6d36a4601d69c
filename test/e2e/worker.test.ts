// Worker threads see the pod as well, however they are started, on each line of Node.

import { test } from 'node:test';
import { assertInPod } from './support/family.ts';
import { app, exec } from './support/mirrord.ts';
import { nodeLines, nodeProgram } from './support/nodes.ts';

const threads = ['thread', 'thread with a shared environment', 'thread with an own environment'];

for (const line of nodeLines) {
  test(`Node ${line}: a thread reads the pod's files and reaches its services`, async () => {
    const program = [nodeProgram(line), app('probe/family.mjs')];
    const { stdout } = await exec(['-t', 'deployment/shop', '--', ...program]).ended;
    assertInPod(stdout, threads);
  });
}
