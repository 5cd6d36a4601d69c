// Why an agent's pod does not run, read from its status and its Job's events, and what to do. Pure.

import type { CoreV1Event, V1Pod } from '@kubernetes/client-node';
import { MirrordError } from '../errors.ts';

/** kubelet's reasons for an image that cannot be had. */
const imageReasons = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);

/** Reasons of a waiting container that are the ordinary way to running. */
const ordinaryReasons = new Set(['ContainerCreating', 'PodInitializing']);

/** The problem that a pod's status tells, undefined while it may still come up (or runs). */
export function podProblem(pod: V1Pod, image: string): MirrordError | undefined {
  const status = pod.status?.containerStatuses?.[0];
  const waiting = status?.state?.waiting;
  if (waiting?.reason !== undefined && imageReasons.has(waiting.reason)) {
    return imageMissing(image, waiting.reason, waiting.message);
  }
  if (waiting?.reason !== undefined && !ordinaryReasons.has(waiting.reason)) {
    return failed(`${waiting.reason}: ${waiting.message ?? 'no message'}`, helpFor(waiting.message ?? ''));
  }
  const ended = status?.state?.terminated;
  if (ended !== undefined) {
    const said = ended.message?.trim().split('\n').slice(-5).join('\n') || ended.reason || 'it said nothing';
    return failed(`it ended with exit code ${ended.exitCode}: ${said}`, helpFor(said));
  }
  if (pod.status?.phase === 'Failed') {
    const { reason = 'Failed', message = '' } = pod.status;
    return failed(`the node did not take the pod: ${reason} ${message}`.trim(), helpFor(reason));
  }
  return undefined;
}

/** The problem that the Job's or pod's own events tell; the newest of those that count. */
export function eventProblem(events: readonly CoreV1Event[]): MirrordError | undefined {
  const warnings = events.filter(({ type }) => type === 'Warning').sort((a, b) => timeMs(b) - timeMs(a));
  const [event] = warnings;
  if (event === undefined) return undefined;
  const message = event.message ?? '';
  return failed(`${event.reason}: ${message}`, helpFor(message));
}

/** Nothing happened in time, and nobody says why. */
export function tooSlow(seconds: number, state: string): MirrordError {
  return failed(
    `it was not running after ${seconds} s (${state})`,
    'A slow image pull needs a larger agent.startup_timeout (--agent-startup-timeout SECONDS).',
  );
}

function imageMissing(image: string, reason: string, message: string | undefined): MirrordError {
  return new MirrordError(
    'AGENT_IMAGE_MISSING',
    `The node cannot get the agent's image ${image} (${reason}${message === undefined ? '' : `: ${message}`}).`,
    {
      help: 'Name one that the cluster can pull with agent.image (-i), and agent.image_pull_secrets if it is private.',
    },
  );
}

function failed(what: string, help: string): MirrordError {
  return new MirrordError('AGENT_FAILED', `The agent did not start: ${what.replace(/\.$/, '')}.`, { help });
}

function helpFor(text: string): string {
  if (/violates PodSecurity/.test(text)) {
    return 'The namespace refuses pods with these rights: set agent.namespace (-a) to one that admits privileged pods.';
  }
  if (/exceeded quota|LimitRange|maximum .* usage|minimum .* usage/.test(text)) {
    return 'The namespace has a quota or limit: set agent.resources to fit, or agent.namespace (-a) to another one.';
  }
  if (/OutOf|NodeAffinity|Evicted/.test(text)) {
    return "The target's node has no room for one more pod: choose a pod on another node, or free some.";
  }
  if (/serviceaccount|service account/i.test(text)) {
    return "Correct agent.service_account; the account must exist in the agent's namespace.";
  }
  return 'docs/errors.md has what is known about it; agent.log_level "debug" makes the agent say more.';
}

function timeMs({ lastTimestamp, eventTime, firstTimestamp }: CoreV1Event): number {
  return new Date(lastTimestamp ?? eventTime ?? firstTimestamp ?? 0).getTime();
}
