// Every kind of thing that can be targeted.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { kubectl, kubectlWith, namespace, shopImage } from './support/cluster.ts';
import { exec } from './support/mirrord.ts';

/** Their own: other tests expect no Jobs in the common one. */
const own = `${namespace}-kinds`;

const container = {
  image: shopImage,
  imagePullPolicy: 'IfNotPresent',
  command: ['node', '/app/prices.mjs'],
};

/** A template of pods that say who they are. */
function template(who: string, { annotations = {}, others = [] as object[], init = [] as object[] } = {}) {
  const spec = {
    terminationGracePeriodSeconds: 0,
    initContainers: init,
    containers: [...others, { ...container, name: 'main', env: [{ name: 'WHO', value: who }] }],
  };
  return { metadata: { labels: { who, 'shop.dev/part': 'kinds' }, annotations }, spec };
}

/** Something with pods, by its kind's own fields. */
function workload(apiVersion: string, kind: string, name: string, spec: object) {
  return { apiVersion, kind, metadata: { name, namespace: own }, spec };
}

const selector = (who: string) => ({ matchLabels: { who } });
const once = (who: string) => {
  const { metadata, spec } = template(who);
  return { template: { metadata, spec: { ...spec, restartPolicy: 'Never' } } };
};
const other = (name: string) => ({
  ...container,
  command: ['node', '-e', 'setInterval(() => {}, 1e6)'],
  name,
  env: [{ name: 'WHO', value: name }],
});

const things = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: own } },
  workload('apps/v1', 'StatefulSet', 'ledger', {
    serviceName: 'ledger',
    selector: selector('ledger'),
    template: template('ledger'),
  }),
  workload('apps/v1', 'DaemonSet', 'watcher', { selector: selector('watcher'), template: template('watcher') }),
  workload('apps/v1', 'ReplicaSet', 'bare', { selector: selector('bare'), template: template('bare') }),
  workload('batch/v1', 'Job', 'import', once('import')),
  workload('batch/v1', 'CronJob', 'nightly', {
    schedule: '0 3 * * *',
    suspend: true,
    jobTemplate: { spec: once('nightly') },
  }),
  workload('apps/v1', 'Deployment', 'crowd', {
    selector: selector('crowd'),
    template: template('crowd', {
      annotations: { 'kubectl.kubernetes.io/default-container': 'main' },
      others: [other('first')],
      init: [{ ...other('sidecar'), restartPolicy: 'Always' }],
    }),
  }),
  workload('v1', 'Service', 'ledger', { selector: { who: 'ledger' }, ports: [{ port: 80 }] }),
  workload('v1', 'Service', 'outside', { ports: [{ port: 80 }] }),
];

before(async () => {
  await kubectlWith(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: things }), '-n', own, 'apply', '-f', '-');
  const where = ['-n', own];
  for (const name of ['statefulset/ledger', 'daemonset/watcher', 'deployment/crowd']) {
    await kubectl(...where, 'rollout', 'status', name, '--timeout=60s');
  }
  await kubectl(...where, 'wait', 'pod', '-l', 'who in (import,bare)', '--for=condition=Ready', '--timeout=60s');
});
after(async () => {
  await kubectl('delete', 'namespace', own, '--wait=false');
});

const whoIs = async (target: string) => {
  const { stdout, stderr } = await exec(['-n', own, '-t', target, '--', 'node', '-p', 'process.env.WHO']).ended;
  return stdout.trim() || stderr;
};

describe('a target', () => {
  for (const [target, who] of [
    ['statefulset/ledger', 'ledger'],
    ['ds/watcher', 'watcher'],
    ['replicaset/bare', 'bare'],
    ['job/import', 'import'],
    ['service/ledger', 'ledger'],
    ['labels/who=bare,shop.dev/part=kinds', 'bare'],
    ['deployment/crowd', 'crowd'],
    ['deployment/crowd/container/first', 'first'],
    ['deployment/crowd/container/sidecar', 'sidecar'],
  ] as const) {
    test(`${target}`, async () => assert.equal(await whoIs(target), who));
  }
});

test('a CronJob is a target while one of its Jobs runs', async () => {
  assert.match(
    await whoIs('cronjob/nightly'),
    /cronjob\/nightly has no Job that runs now.*\[TARGET_NOT_RUNNING\]\n.*create job --from/,
  );
  await kubectl('-n', own, 'create', 'job', '--from=cronjob/nightly', 'tonight');
  await kubectl('-n', own, 'wait', 'pod', '-l', 'who=nightly', '--for=condition=Ready', '--timeout=60s');
  assert.equal(await whoIs('cronjob/nightly'), 'nightly');
});

test('what has no pods, and what is not there, is told', async () => {
  assert.match(await whoIs('service/outside'), /service\/outside is not running \(it selects no pods\)/);
  assert.match(await whoIs('sts/ledgre'), /no statefulset\/ledgre .*\[TARGET_NOT_FOUND\]\n.*Did you mean ledger\?/);
  assert.match(await whoIs('deployment/ledger'), /There is a statefulset of that name: statefulset\/ledger/);
  assert.match(await whoIs('rollout/shop'), /This cluster has no rollouts at all\. \[TARGET_NOT_FOUND\]\n.*Argo/);
});
