// Gets a target its agent: makes the Job, or joins the one that another session has made, and waits until it
// runs. On a failure here, what was made here is removed here; afterwards the last session removes the Job
// with `remove()`, and at the latest its own idle time and deadline do.

import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Job, V1Pod } from '@kubernetes/client-node';
import type { AgentConfig } from '../config/session-config.ts';
import { connectAgent } from './agent-connection.ts';
import { type AgentTask, agentJob } from './agent-job.ts';
import { agentName } from './agent-name.ts';
import { eventProblem, podProblem, tooSlow } from './agent-problems.ts';
import { ask, askForHint, askIfThere, askUnless } from './api-errors.ts';
import type { Cluster } from './cluster.ts';

const pollMs = 100;
/** Events are asked for this often, and only while there is no running container. */
const eventsEveryMs = 1_000;
/** A warning may be one that Kubernetes gets over by itself; the Job's own refusals are not. */
const warningGraceMs = 4_000;
/** An agent that does not start, made by somebody else: after this time it is a leftover, and made anew. */
const leftoverMs = 15_000;

export type Agent = {
  readonly podName: string;
  readonly jobName: string;
  readonly namespace: string;
  /** False: another session made it. */
  readonly created: boolean;
  /** Opens a port-forward to the agent and does `handshake` over it, see `connectAgent`. */
  connect<Connection>(handshake: (transport: Duplex) => Promise<Connection>): Promise<Connection>;
  /** False when its pod has ended or is ending: there is nothing to wait for. */
  isLiving(): Promise<boolean>;
  /** Deletes the Job, this one and no later one of its name. May be called twice. */
  remove(): Promise<void>;
};

/** What the steps below share. */
type Start = {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly jobName: string;
  readonly config: AgentConfig;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal | undefined;
  readonly deadlineMs: number;
};

/**
 * @param place the target with its namespace, or only the namespace of an agent without one
 * @param report progress, a line each, for the terminal
 * @throws MirrordError `AGENT_FAILED`, `AGENT_IMAGE_MISSING`, `FORBIDDEN`, …; the signal's reason when aborted
 */
export async function startAgent(
  cluster: Cluster,
  place: AgentTask & { readonly namespace: string },
  config: AgentConfig,
  report: (line: string) => void,
  signal?: AbortSignal,
): Promise<Agent> {
  const namespace = config.namespace ?? place.namespace;
  const jobName = agentName(place, config.image);
  const job = agentJob(jobName, namespace, place, config);
  const deadlineMs = Date.now() + config.startupTimeoutSeconds * 1000;
  const start: Start = { cluster, namespace, jobName, config, report, signal, deadlineMs };
  for (let told = false; ; told = true) {
    signal?.throwIfAborted();
    const agent = (await create(start, job, place)) ?? (await join(start, told));
    if (agent !== undefined) return agent;
    if (Date.now() >= deadlineMs) throw tooSlow(config.startupTimeoutSeconds, 'another one of its name is ending');
    await sleep(pollMs, undefined, signal === undefined ? {} : { signal });
  }
}

/** Makes the Job. @returns undefined when there is one already */
async function create(start: Start, job: V1Job, { target }: AgentTask): Promise<Agent | undefined> {
  const { cluster, namespace, jobName, report, signal } = start;
  const attempt = { verb: 'create', resource: 'jobs', namespace } as const;
  const made = await askUnless(
    [409],
    cluster.server,
    attempt,
    cluster.batch.createNamespacedJob({ namespace, body: job }),
  );
  if (made === undefined) return undefined;
  report(`Starting the agent ${namespace}/${jobName}${target === undefined ? '' : ` on node ${target.node}`}.`);
  const uid = made.metadata?.uid ?? '';
  try {
    return agentOf(start, await untilRunning(start, uid), uid, true);
  } catch (error) {
    await removeJob(start, uid).catch(() => undefined); // The first error is the one to tell; the Job's deadline remains.
    signal?.throwIfAborted();
    throw error;
  }
}

/** Waits for the agent of somebody else's Job. @returns undefined when it is ending, or its pod not made yet */
async function join(start: Start, told: boolean): Promise<Agent | undefined> {
  const { namespace, jobName, config, report, signal } = start;
  for (let said = told; ; said = true) {
    const pods = await podsOf(start);
    const [pod] = pods.filter(isLiving);
    // One that has ended is in the way until Kubernetes' own clean-up, a second or more.
    if (pod === undefined) {
      await Promise.all(pods.filter(hasEnded).map((ended) => removeJob(start, jobOf(ended))));
      return undefined;
    }
    if (!said) report(`Joining the agent ${namespace}/${jobName}, which another session has started.`);
    if (isRunning(pod)) return agentOf(start, pod, jobOf(pod), false);
    const problem = podProblem(pod, config.image);
    if (problem !== undefined) {
      if (ageMs(pod) < leftoverMs) throw problem;
      await removeJob(start, jobOf(pod));
      return undefined;
    }
    if (Date.now() >= start.deadlineMs) throw tooSlow(config.startupTimeoutSeconds, stateOf(pod));
    await sleep(pollMs, undefined, signal === undefined ? {} : { signal });
  }
}

/** Waits for the container of our own Job. */
async function untilRunning(start: Start, uid: string): Promise<V1Pod> {
  const { config, report, signal } = start;
  const startedMs = Date.now();
  let nextEventsMs = startedMs + eventsEveryMs;
  let state = '';
  for (;;) {
    signal?.throwIfAborted();
    const pod = (await podsOf(start)).find((candidate) => jobOf(candidate) === uid);
    if (pod !== undefined && isRunning(pod)) return pod;
    const problem = pod === undefined ? undefined : podProblem(pod, config.image);
    if (problem !== undefined) throw problem;

    if (stateOf(pod) !== state) {
      state = stateOf(pod);
      if (Date.now() - startedMs > eventsEveryMs) report(`The agent: ${state}.`);
    }
    if (Date.now() >= nextEventsMs) {
      nextEventsMs = Date.now() + eventsEveryMs;
      await throwEventProblem(
        start,
        pod?.metadata?.uid ?? uid,
        pod !== undefined && Date.now() - startedMs < warningGraceMs,
      );
    }
    if (Date.now() >= start.deadlineMs) throw tooSlow(config.startupTimeoutSeconds, state);
    await sleep(pollMs, undefined, signal === undefined ? {} : { signal });
  }
}

/**
 * A Job that may not make its pod says so in events only; a pod that cannot be set up as well.
 * @param uid of the Job or pod: events outlive what they are about, and a Job's name comes again
 */
async function throwEventProblem({ cluster, namespace }: Start, uid: string, tooEarly: boolean): Promise<void> {
  if (tooEarly) return;
  const fieldSelector = `involvedObject.uid=${uid}`;
  const events = await askForHint(cluster.core.listNamespacedEvent({ namespace, fieldSelector }));
  const problem = eventProblem(events?.items ?? []);
  if (problem !== undefined) throw problem;
}

function agentOf(start: Start, pod: V1Pod, uid: string, created: boolean): Agent {
  const { cluster, namespace, jobName, config } = start;
  const podName = pod.metadata?.name ?? '';
  let removed: Promise<void> | undefined;
  return {
    podName,
    jobName,
    namespace,
    created,
    connect: (handshake) => connectAgent(cluster, { namespace, podName, image: config.image }, handshake),
    isLiving: async () => {
      const attempt = { verb: 'get', resource: 'pods', namespace } as const;
      const now = await askIfThere(
        cluster.server,
        attempt,
        cluster.core.readNamespacedPod({ name: podName, namespace }),
      );
      return now !== undefined && isLiving(now);
    },
    remove() {
      removed ??= removeJob(start, uid).catch((error) => {
        removed = undefined; // so that a second call tries again
        throw error;
      });
      return removed;
    },
  };
}

async function podsOf({ cluster, namespace, jobName }: Start): Promise<V1Pod[]> {
  const { items } = await ask(
    cluster.server,
    { verb: 'list', resource: 'pods', namespace },
    cluster.core.listNamespacedPod({ namespace, labelSelector: `job-name=${jobName}` }),
  );
  return items;
}

/** 409: there is another one of that name now. */
async function removeJob({ cluster, namespace, jobName }: Start, uid: string): Promise<void> {
  const body = { preconditions: { uid }, gracePeriodSeconds: 0, propagationPolicy: 'Background' };
  const attempt = { verb: 'delete', resource: 'jobs', namespace } as const;
  await askUnless(
    [404, 409],
    cluster.server,
    attempt,
    cluster.batch.deleteNamespacedJob({ name: jobName, namespace, body }),
  );
}

/** The uid of the Job that a pod belongs to. */
function jobOf(pod: V1Pod): string {
  return pod.metadata?.ownerReferences?.find(({ controller }) => controller === true)?.uid ?? '';
}

function hasEnded({ status }: V1Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function isLiving(pod: V1Pod): boolean {
  const ended = pod.status?.containerStatuses?.[0]?.state?.terminated;
  return pod.metadata?.deletionTimestamp === undefined && !hasEnded(pod) && ended === undefined;
}

function isRunning(pod: V1Pod): boolean {
  return pod.status?.containerStatuses?.[0]?.state?.running !== undefined;
}

function stateOf(pod: V1Pod | undefined): string {
  if (pod === undefined) return 'its pod is not made yet';
  return pod.status?.containerStatuses?.[0]?.state?.waiting?.reason ?? pod.status?.phase ?? 'Pending';
}

function ageMs({ metadata }: V1Pod): number {
  return Date.now() - new Date(metadata?.creationTimestamp ?? Date.now()).getTime();
}
