import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventProblem, podProblem } from '../../../src/kube/agent-problems.ts';
import { pod } from './fixtures.ts';

const waiting = (reason: string, message = 'its own words') =>
  pod({ statuses: [{ state: { waiting: { reason, message } } }] });
const event = (reason: string, message: string, type = 'Warning') => ({
  reason,
  message,
  type,
  metadata: {},
  involvedObject: {},
});

test('a container that is being created is no problem', () => {
  assert.equal(podProblem(waiting('ContainerCreating'), 'image'), undefined);
  assert.equal(podProblem(pod({ containers: [], status: { phase: 'Pending' } }), 'image'), undefined);
});

test("an image that cannot be had is named with kubelet's reason", () => {
  for (const reason of ['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName']) {
    const problem = podProblem(waiting(reason), 'registry/agent:1');
    assert.equal(problem?.code, 'AGENT_IMAGE_MISSING');
    assert.match(problem?.message ?? '', new RegExp(`registry/agent:1 \\(${reason}: its own words`));
  }
});

test("a container that cannot be created is told in kubelet's words", () => {
  const problem = podProblem(waiting('CreateContainerError', 'no such device'), 'image');
  assert.equal(problem?.code, 'AGENT_FAILED');
  assert.match(problem?.message ?? '', /CreateContainerError: no such device/);
});

test('an agent that ended is told with its exit code and last lines', () => {
  const message = 'one\ntwo\nthree\nfour\nfive\nno process of container abc\n';
  const ended = podProblem(pod({ statuses: [{ state: { terminated: { exitCode: 3, message } } }] }), 'image');
  assert.match(ended?.message ?? '', /exit code 3: two\n.*no process of container abc/s);
});

test('a node without room says so', () => {
  const full = pod({
    containers: [],
    status: { phase: 'Failed', reason: 'OutOfpods', message: 'Node did not have enough resource' },
  });
  assert.match(podProblem(full, 'image')?.help ?? '', /no room/);
});

test("a namespace that refuses the pod says so in the Job's events", () => {
  const problem = eventProblem([
    event('FailedCreate', 'pods "x" is forbidden: violates PodSecurity "restricted:latest"'),
  ]);
  assert.equal(problem?.code, 'AGENT_FAILED');
  assert.match(problem?.help ?? '', /agent\.namespace/);
});

test('ordinary events are no problem', () => {
  assert.equal(eventProblem([event('SuccessfulCreate', 'Created pod', 'Normal')]), undefined);
});
