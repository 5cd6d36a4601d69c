// Watching: what changes in the pod is told here.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kubectl, podOf } from './support/cluster.ts';
import { app, exec } from './support/mirrord.ts';

test('watch and watchFile tell of a change, of a new file, and of one that is removed', async () => {
  const pod = await podOf('shop');
  const inPod = (script: string) => kubectl('exec', pod.name, '--', 'sh', '-c', script);
  await inPod('mkdir -p /data/watched && echo one > /data/watched/file');
  const program = exec(['-t', `pod/${pod.name}`, '--', 'node', app('probe/watch.mjs'), '/data/watched/file']);
  try {
    await program.says(/^watching$/m);
    assert.match(program.printed.stdout, /^ENOENT watch$/m);
    await inPod('echo longer > /data/watched/file; echo > /data/watched/new');
    await Promise.all(
      [/^watchFile 4 7$/m, /^watch change file$/m, /^watch rename new$/m].map((line) => program.says(line)),
    );
    await inPod('rm /data/watched/file');
    await Promise.all([/^watchFile 7 0$/m, /^watch rename file$/m].map((line) => program.says(line)));
  } finally {
    program.kill('SIGTERM');
    await program.ended;
    await inPod('rm -r /data/watched');
  }
});
