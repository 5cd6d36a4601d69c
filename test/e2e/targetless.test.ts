// Without a target: the cluster's names and network, from an agent that has no right at all.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kubectl, namespace, noAgentLeft } from './support/cluster.ts';
import { exec } from './support/mirrord.ts';

interface AgentPod {
  readonly spec: {
    readonly hostPID?: boolean;
    readonly containers: readonly { readonly securityContext: Readonly<Record<string, unknown>> }[];
  };
}

test('a program reaches a service by its name, and all else is local', async () => {
  const code = `const look = (file) => { try { return require('fs').readFileSync(file, 'utf8').trim() } catch (error) { return error.code } };
    fetch('http://prices.${namespace}/').then((reply) => reply.json()).then(({ from }) =>
      console.log(JSON.stringify([from, look('/config/app.json'), process.env.SHOP_REGION ?? null, /cluster\\.local/.test(look('/etc/resolv.conf'))])));
    setTimeout(() => {}, 2000)`;
  const program = exec(['--', 'node', '-e', code]);
  await program.says(/^\[/m);
  const { items } = JSON.parse(
    await kubectl('get', 'pods', '-l', 'app.kubernetes.io/name=mirrord-agent', '-o', 'json'),
  ) as { items: readonly AgentPod[] };
  const { stdout, stderr } = await program.ended;
  assert.deepEqual(JSON.parse(stdout), ['prices', 'ENOENT', null, true], stderr);
  assert.equal(items.length, 1);
  const [agent] = items;
  assert.equal(agent?.spec.hostPID, undefined);
  const { capabilities, runAsNonRoot } = agent?.spec.containers[0]?.securityContext ?? {};
  assert.deepEqual([capabilities, runAsNonRoot], [{ drop: ['ALL'] }, true]);
  await noAgentLeft();
});
