import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentName } from '../../../src/kube/agent-name.ts';
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
const name = agentName({ target }, 'image:1');

test('sessions of one container with the same image come to the same name, whatever else they know of it', () => {
  const other = { ...target, replicas: { ready: 2, total: 3 }, otherContainers: ['sidecar'] };
  assert.equal(agentName({ target: other }, 'image:1'), name);
  assert.match(name, /^mirrord-agent-[a-z2-7]{10}$/);
});

test('another pod, container, image or right is another agent', () => {
  const names = [
    name,
    agentName({ target: { ...target, podUid: 'uid-2' } }, 'image:1'),
    agentName({ target: { ...target, containerId: 'abd' } }, 'image:1'),
    agentName({ target: { ...target, namespace: 'us' } }, 'image:1'),
    agentName({ target }, 'image:2'),
    agentName({ target, writesFiles: true }, 'image:1'),
  ];
  assert.equal(new Set(names).size, names.length);
});

test('without a target each session has an agent of its own', () => {
  assert.notEqual(agentName({}, 'image:1'), agentName({}, 'image:1'));
});
