import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseContainer, describeContainer, runningContainer } from '../../../src/kube/containers.ts';
import { pod, running } from './fixtures.ts';

test('the only container is chosen and nothing is said about others', () => {
  assert.deepEqual(chooseContainer(pod(), undefined), { container: 'app', otherContainers: [] });
});

test('of several, the first is chosen and the others are named', () => {
  const several = pod({ containers: ['web', 'worker'] });
  assert.deepEqual(chooseContainer(several, undefined), { container: 'web', otherContainers: ['worker'] });
});

test('a mesh sidecar is never chosen, wherever it stands', () => {
  const meshed = pod({ containers: ['istio-proxy', 'app'], nativeSidecars: ['linkerd-proxy'] });
  assert.deepEqual(chooseContainer(meshed, undefined), { container: 'app', otherContainers: [] });
});

test("kubectl's default-container annotation decides, if that container exists", () => {
  const annotated = (name: string) =>
    pod({ containers: ['web', 'worker'], annotations: { 'kubectl.kubernetes.io/default-container': name } });
  assert.equal(chooseContainer(annotated('worker'), undefined).container, 'worker');
  assert.equal(chooseContainer(annotated('gone'), undefined).container, 'web');
});

test('a named container is taken, a sidecar or native sidecar as well', () => {
  const meshed = pod({ containers: ['app', 'istio-proxy'], nativeSidecars: ['logs'] });
  assert.deepEqual(chooseContainer(meshed, 'istio-proxy'), { container: 'istio-proxy', otherContainers: [] });
  assert.equal(chooseContainer(meshed, 'logs').container, 'logs');
});

test('an unknown container is answered with those that there are', () => {
  assert.throws(() => chooseContainer(pod({ containers: ['web', 'worker'] }), 'wbe'), {
    code: 'CONTAINER_NOT_FOUND',
    help: /web, worker/,
  });
});

test("why a container does not run is said in Kubernetes' words", () => {
  const crashing = pod({
    statuses: [
      {
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
      },
    ],
  });
  const unscheduled = pod({
    containers: [],
    status: {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', message: '0/2 nodes are available' }],
    },
  });
  assert.equal(describeContainer(crashing, 'app'), 'waiting: CrashLoopBackOff (last exit code 137, OOMKilled)');
  assert.equal(
    describeContainer(pod({ statuses: [{ state: { terminated: { exitCode: 1, reason: 'Error' } } }] }), 'app'),
    'ended with exit code 1',
  );
  assert.equal(describeContainer(unscheduled, 'app'), 'Pending: 0/2 nodes are available');
});

test('a container without an id does not run yet', () => {
  assert.equal(runningContainer(pod({ statuses: [{ ...running, containerID: '' }] }), 'app'), undefined);
  assert.equal(runningContainer(pod(), 'app')?.containerID, 'containerd://abc');
});
