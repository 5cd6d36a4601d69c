// A workload of several pods: requests come from all of them, and the session follows as they come and go.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { kubectl, kubectlWith, namespace, noAgentLeft, type Pod, pods, shopImage } from './support/cluster.ts';
import { app, exec, type Running } from './support/mirrord.ts';
import { untilAnsweredBy, whoAnswers } from './support/requests.ts';
import { until } from './support/until.ts';

const serve = app('probe/serve.mjs');
const labels = { app: 'herd' };
const urlOf = ({ ip }: Pod) => `http://${ip}:8080/`;
const herd = () => pods('app=herd');

before(async () => {
  const container = { name: 'herd', image: shopImage, imagePullPolicy: 'IfNotPresent' };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'herd', namespace },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            { ...container, readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1 } },
          ],
        },
      },
    },
  };
  await kubectlWith(JSON.stringify(deployment), 'apply', '-f', '-');
  await rolledOut();
});
after(() => kubectl('delete', 'deployment', 'herd', '--wait=false'));
afterEach(() => noAgentLeft());

const rolledOut = () => kubectl('rollout', 'status', 'deployment/herd', '--timeout=60s');

async function scale(replicas: number): Promise<void> {
  await kubectl('scale', 'deployment/herd', `--replicas=${replicas}`);
  await rolledOut();
  await until(`there are ${replicas} pods`, 10_000, async () => (await herd()).length === replicas || 'other');
}

async function start(...args: readonly string[]): Promise<Running> {
  const program = exec(['-t', 'deployment/herd', '--steal', ...args, '--', 'node', serve]);
  await program.says(/^listening$/m);
  return program;
}

async function end(program: Running): Promise<void> {
  program.kill('SIGTERM');
  await program.ended;
  for (const pod of await herd()) await untilAnsweredBy('pod', urlOf(pod));
}

const answers = async () => (await Promise.all((await herd()).map((pod) => whoAnswers(urlOf(pod))))).sort();

test('requests to all pods come here', async () => {
  const program = await start();
  await program.says(/Ready\. Requests .* come here \(3 of 3 pods\)\./);
  assert.deepEqual(await answers(), Array(3).fill('this machine'));
  await end(program);
});

test('with --replicas 1 those of one pod do, and the terminal says which part that is', async () => {
  const program = await start('--replicas', '1');
  await program.says(/1 of 3 pods, about 1\/3 of the requests; --replicas all takes all/);
  assert.deepEqual(await answers(), ['pod', 'pod', 'this machine']);
  await end(program);
});

test('a pod that comes is joined within two seconds of being ready, one that goes is left', async (t) => {
  const program = await start();
  await scale(4);
  const [, name] = await program.says(/Pod (\S+) has joined: 4 of 4 pods/);
  const pod = (await herd()).find((one) => one.name === name);
  assert.ok(pod !== undefined);
  t.diagnostic(`joined after ${await untilAnsweredBy('this machine', urlOf(pod), 2_000)} ms`);
  await scale(3);
  await program.says(/Pod \S+ has gone.*3 of 3 pods/);
  assert.deepEqual(await answers(), Array(3).fill('this machine'));
  await end(program);
});

test('a rollout replaces every pod, and the session goes on with the new ones', async () => {
  const program = await start();
  const before = await herd();
  await kubectl('rollout', 'restart', 'deployment/herd');
  await rolledOut();
  await until('all pods are new', 20_000, async () => {
    const now = await herd();
    return (now.length === 3 && now.every(({ name }) => before.every((old) => old.name !== name))) || 'not yet';
  });
  for (const pod of await herd()) await untilAnsweredBy('this machine', urlOf(pod), 5_000);
  await program.says(/files and connections are another one's from here on/);
  await program.says(/has gone.*: 3 of 3 pods/); // until then it can be an old one that is about to go
  program.type('hostname\n');
  const [, name] = await program.says(/^in (\S+)$/m);
  assert.ok(
    (await herd()).some((pod) => pod.name === name),
    name,
  );
  await end(program);
});
