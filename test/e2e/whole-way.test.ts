// The whole way, on each line of Node: a program here sees what the pod sees.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { firstPodOf, kubectl, nothingLeft, request, root, until } from './support/cluster.ts';
import { apps, exec } from './support/mirrord.ts';
import { nodeLines, nodeProgram } from './support/nodes.ts';

const see = path.join(apps, 'probe/see.mjs');
const serve = path.join(apps, 'probe/serve.mjs');

type Seen = Record<string, unknown>;

/** What the program sees inside the pod itself, on the pod's own Node (20). */
async function seenInPod(pod: string): Promise<Seen> {
  await kubectl('-n', 'shop', 'cp', path.join(root, 'test/apps/probe/see.mjs'), `${pod}:/tmp/see.mjs`);
  return JSON.parse(await kubectl('-n', 'shop', 'exec', pod, '--', 'node', '/tmp/see.mjs')) as Seen;
}

/** Node 20 does not follow a symlink when it lists recursively with types; later lines do. */
const differsFromNode20 = new Set(['readdir recursive typed /config', 'readdir recursive typed /data']);

for (const line of nodeLines) {
  test(`Node ${line}: files, names, connections and errors are those of the pod, and stdout is the program's alone`, async () => {
    const pod = await firstPodOf('shop');
    const [inPod, ended] = await Promise.all([
      seenInPod(pod.name),
      exec(['-t', `pod/${pod.name}`, '--', nodeProgram(line), see]).ended,
    ]);
    assert.equal(ended.code, 0, ended.stderr);
    const seen = JSON.parse(ended.stdout) as Seen;
    for (const name of Object.keys(inPod)) {
      if (line !== '20' && differsFromNode20.has(name)) continue;
      assert.deepEqual(seen[name], inPod[name], `"${name}" differs`);
    }
    assert.equal(seen.SHOP_SECRET, 'only-the-pod-knows');
    assert.deepEqual(seen['http to the loopback'], [200, 'loopback of the pod\n']);
    assert.ok(Object.keys(seen).length > 100);
  });

  test(`Node ${line}: requests to the pod's port are answered here while the program listens, and by the pod again after`, async () => {
    const pod = await firstPodOf('shop');
    const program = exec(['--steal', '-t', `pod/${pod.name}`, '--', nodeProgram(line), serve]);
    await program.says('listening');
    const answer = JSON.parse(await request(`http://${pod.ip}:8080/hello`)) as Seen;
    assert.equal(answer.from, 'this machine');
    assert.equal(answer.path, '/hello');
    const client = await firstPodOf('prices');
    assert.equal(answer.client, `::ffff:${client.ip}`, 'the true client');
    assert.equal(answer.server, `::ffff:${pod.ip}:8080`);
    assert.equal(await request(`http://${pod.ip}:9090/`), 'admin from pod\n', "the pod's other ports are its own");
    program.child.kill('SIGTERM');
    const ended = await program.ended;
    assert.equal(ended.code, 0, ended.stderr);
    const ms = await until(`http://${pod.ip}:8080/`, '"from":"pod"', 3_000);
    console.log(`the pod answered again within ${ms} ms`);
  });
}

test('nothing of ours stays in the cluster', () => nothingLeft());
