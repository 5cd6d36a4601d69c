// Run once before the end-to-end tests: the cluster, the images, the lines of Node, and the sample shop.

import fs from 'node:fs';
import path from 'node:path';
import {
  clusterCommand,
  kubectl,
  kubectlWith,
  namespace,
  noAgentLeft,
  ownNodes,
  pods,
  root,
  shopImage,
} from './cluster.ts';
import { nodeLines, nodeProgram } from './nodes.ts';
import { until } from './until.ts';

if (ownNodes) {
  clusterCommand('up');
  clusterCommand('test-images');
}
for (const line of nodeLines) nodeProgram(line);
await rollOut();
await noAgentLeft();

async function rollOut(): Promise<void> {
  const apps = { shop: 2, prices: 1, multi: 1, tuned: 1 };
  await kubectlWith(manifest(), 'apply', '-f', '-');
  // Anew, since a pod keeps the image that it was started with.
  await kubectl('rollout', 'restart', 'deployment');
  for (const name of Object.keys(apps)) await kubectl('rollout', 'status', `deployment/${name}`, '--timeout=120s');
  await kubectl('wait', 'pod/crasher', '--for=jsonpath={.status.phase}=Failed', '--timeout=60s');
  for (const [name, count] of Object.entries(apps)) {
    await until(`the old pods of ${name} are gone`, 60_000, async () => {
      const all = (await kubectl('get', 'pods', '-l', `app=${name}`, '-o', 'name')).trim().split('\n');
      return all.length === count || `${all.length} pods`;
    });
  }
  // A service is known to the nodes a moment after its pods are ready.
  for (const { name } of await pods('app=shop')) {
    const get = "fetch('http://prices/').then(r => r.text()).then(console.log, e => console.log(e.cause.code))";
    await until(`${name} reaches the service`, 30_000, async () => {
      const answer = await kubectl('exec', name, '--', 'node', '-e', get);
      return answer.includes('apples') || answer;
    });
  }
}

/** The sample shop, in the tests' namespace and with the images of this cluster. */
function manifest(): string {
  const text = fs.readFileSync(path.join(root, 'test/cluster/shop.yaml'), 'utf8');
  return text
    .replaceAll('namespace: shop', `namespace: ${namespace}`)
    .replace('kind: Namespace\nmetadata: {name: shop}', `kind: Namespace\nmetadata: {name: ${namespace}}`)
    .replaceAll('localhost/shop:test', shopImage)
    .replaceAll('imagePullPolicy: Never', 'imagePullPolicy: IfNotPresent');
}
