import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AgentConfig, defaults } from '../../../src/config/session-config.ts';
import { agentJob, labelValue } from '../../../src/kube/agent-job.ts';
import type { ResolvedTarget } from '../../../src/kube/target.ts';

const target: ResolvedTarget = {
  namespace: 'eu',
  pod: 'shop-1',
  podUid: 'uid',
  podIP: '10.1.0.2',
  node: 'n2',
  container: 'app',
  containerId: 'abc',
  containerUri: 'containerd://abc',
  otherContainers: [],
  replicas: { ready: 1, total: 1 },
};

const config: AgentConfig = {
  image: 'registry/agent:1',
  imagePullPolicy: 'IfNotPresent',
  imagePullSecrets: ['pull'],
  startupTimeoutSeconds: 60,
  labels: { team: 'shop', 'app.kubernetes.io/name': 'mine' },
  annotations: { note: 'x' },
  tolerations: defaults.tolerations,
  resources: defaults.resources,
  logLevel: 'info',
  flushConnections: true,
  httpDetectionTimeoutMs: 2000,
  maxBodyBufferBytes: 65_535,
  maxBodyBufferMs: 1000,
};

const job = agentJob('mirrord-agent-x', 'tools', { target }, config);
const podSpec = job.spec?.template.spec;
const container = podSpec?.containers[0];

test("the agent runs on the target's node, whatever taints it has, and sees that node's processes", () => {
  assert.equal(podSpec?.nodeName, 'n2');
  assert.deepEqual(podSpec?.tolerations, [{ operator: 'Exists' }]);
  assert.equal(podSpec?.hostPID, true);
});

test('the Job can never be forgotten', () => {
  assert.equal(job.spec?.ttlSecondsAfterFinished, 1);
  assert.equal(job.spec?.backoffLimit, 0);
  assert.equal(job.spec?.activeDeadlineSeconds, 86_400);
  assert.equal(podSpec?.restartPolicy, 'Never');
  assert.equal(podSpec?.terminationGracePeriodSeconds, 5);
});

test('it may do what it needs and nothing else', () => {
  assert.deepEqual(container?.securityContext?.capabilities, {
    drop: ['ALL'],
    add: ['SYS_ADMIN', 'SYS_PTRACE', 'NET_ADMIN', 'SYS_CHROOT', 'DAC_OVERRIDE', 'SETUID', 'SETGID'],
  });
  assert.equal(container?.securityContext?.privileged, undefined);
  assert.equal(container?.securityContext?.readOnlyRootFilesystem, true);
  assert.equal(podSpec?.automountServiceAccountToken, false);
  assert.equal(podSpec?.volumes, undefined);
});

test('it is told which container, and where to listen', () => {
  const environment = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
  assert.equal(environment.MIRRORD_AGENT_CONTAINER_ID, 'abc');
  assert.equal(environment.MIRRORD_AGENT_PORT, '61337');
  assert.equal(environment.MIRRORD_AGENT_IDLE_S, '10');
});

test('meshes keep their sidecars out', () => {
  assert.equal(job.spec?.template.metadata?.labels?.['sidecar.istio.io/inject'], 'false');
  assert.equal(job.spec?.template.metadata?.annotations?.['linkerd.io/inject'], 'disabled');
});

test("the user's labels and annotations are added, ours stay", () => {
  assert.equal(job.metadata?.labels?.team, 'shop');
  assert.equal(job.metadata?.labels?.['app.kubernetes.io/name'], 'mirrord-agent');
  assert.equal(job.metadata?.annotations?.note, 'x');
});

test("a label's value is valid, whatever the pod's name", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      assert.match(labelValue(text), /^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/);
    }),
  );
  assert.equal(labelValue('shop-1'), 'shop-1');
});
