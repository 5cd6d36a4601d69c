// Starts the agent beside the target and connects to it. Who started it removes it: on any failure here it
// is removed here, afterwards by `remove()`, and at the latest by its own idle time and the Job's.

import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import type { AgentConfig } from '../config/session-config.ts';
import { MirrordError } from '../errors.ts';
import { type AgentTask, agentJob, agentPort } from './agent-job.ts';
import { eventProblem, podProblem, tooSlow } from './agent-problems.ts';
import { ask, askForHint, askIfThere } from './api-errors.ts';
import type { Cluster } from './cluster.ts';
import { PortForward, PortForwardError } from './port-forward.ts';

const pollMs = 100;
/** Events are asked for this often, and only while there is no running container. */
const eventsEveryMs = 1_000;
/** A warning may be one that Kubernetes gets over by itself; the Job's own refusals are not. */
const warningGraceMs = 4_000;
/** The container runs before the agent in it listens. */
const connectLimitMs = 10_000;
const connectEveryMs = 50;

export type Agent = {
  readonly podName: string;
  readonly jobName: string;
  readonly namespace: string;
  /**
   * Opens a port-forward to the agent and does `handshake` over it, again and again while the agent does not
   * listen yet. Whether it listens is only known when it answers, so pass what waits for an answer.
   */
  connect<Connection>(handshake: (transport: Duplex) => Promise<Connection>): Promise<Connection>;
  /** Without a handshake: a stream that was not refused for a moment. */
  connect(): Promise<Duplex>;
  /** Deletes the Job. May be called twice. */
  remove(): Promise<void>;
};

/**
 * Makes the agent's Job and waits until its container runs.
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
  const { target } = place;
  const namespace = config.namespace ?? place.namespace;
  const jobName = `mirrord-agent-${randomName(10)}`;
  signal?.throwIfAborted();
  report(`Starting the agent ${namespace}/${jobName}${target === undefined ? '' : ` on node ${target.node}`}.`);

  let removed: Promise<void> | undefined;
  const remove = () => {
    removed ??= removeJob(cluster, namespace, jobName).catch((error) => {
      removed = undefined; // so that a second call tries again
      throw error;
    });
    return removed;
  };
  try {
    await ask(
      cluster.server,
      { verb: 'create', resource: 'jobs', namespace },
      cluster.batch.createNamespacedJob({ namespace, body: agentJob(jobName, namespace, place, config) }),
    );
    const podName = await untilRunning(cluster, namespace, jobName, config, report, signal);
    return { podName, jobName, namespace, remove, connect: connector(cluster, namespace, podName, config.image) };
  } catch (error) {
    await remove().catch(() => undefined); // The first error is the one to tell; the Job's deadline remains.
    signal?.throwIfAborted();
    throw error;
  }
}

async function untilRunning(
  cluster: Cluster,
  namespace: string,
  jobName: string,
  config: AgentConfig,
  report: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  const startedMs = Date.now();
  const deadlineMs = startedMs + config.startupTimeoutSeconds * 1000;
  let nextEventsMs = startedMs + eventsEveryMs;
  let state = '';
  for (;;) {
    signal?.throwIfAborted();
    const { items } = await ask(
      cluster.server,
      { verb: 'list', resource: 'pods', namespace },
      cluster.core.listNamespacedPod({ namespace, labelSelector: `job-name=${jobName}` }),
    );
    const [pod] = items;
    if (pod?.status?.containerStatuses?.[0]?.state?.running !== undefined) return pod.metadata?.name ?? '';
    const problem = pod === undefined ? undefined : podProblem(pod, config.image);
    if (problem !== undefined) throw problem;

    if (stateOf(pod) !== state) {
      state = stateOf(pod);
      if (Date.now() - startedMs > eventsEveryMs) report(`The agent: ${state}.`);
    }
    if (Date.now() >= nextEventsMs) {
      nextEventsMs = Date.now() + eventsEveryMs;
      await throwEventProblem(cluster, namespace, jobName, pod, startedMs);
    }
    if (Date.now() >= deadlineMs) throw tooSlow(config.startupTimeoutSeconds, state);
    await sleep(pollMs, undefined, signal === undefined ? {} : { signal });
  }
}

/** A Job that may not make its pod says so in events only; a pod that cannot be set up as well. */
async function throwEventProblem(
  cluster: Cluster,
  namespace: string,
  jobName: string,
  pod: V1Pod | undefined,
  startedMs: number,
): Promise<void> {
  if (pod !== undefined && Date.now() - startedMs < warningGraceMs) return;
  const name = pod?.metadata?.name ?? jobName;
  const events = await askForHint(
    cluster.core.listNamespacedEvent({ namespace, fieldSelector: `involvedObject.name=${name}` }),
  );
  const problem = eventProblem(events?.items ?? []);
  if (problem !== undefined) throw problem;
}

function stateOf(pod: V1Pod | undefined): string {
  if (pod === undefined) return 'its pod is not made yet';
  return pod.status?.containerStatuses?.[0]?.state?.waiting?.reason ?? pod.status?.phase ?? 'Pending';
}

function connector(cluster: Cluster, namespace: string, podName: string, image: string): Agent['connect'] {
  return async (handshake: (transport: Duplex) => Promise<Duplex> = quietForAMoment) => {
    const deadlineMs = Date.now() + connectLimitMs;
    for (;;) {
      let transport: Duplex | undefined;
      try {
        transport = await PortForward.open(cluster, namespace, podName, agentPort);
        return await handshake(transport);
      } catch (error) {
        const reason = transport?.errored ?? error;
        transport?.destroy();
        const pod = await askForHint(cluster.core.readNamespacedPod({ name: podName, namespace }));
        const problem = pod === undefined ? undefined : podProblem(pod, image);
        if (problem !== undefined) throw problem;
        if (!(reason instanceof PortForwardError)) throw error;
        if (!reason.refused || Date.now() >= deadlineMs) throw notListening(namespace, podName, reason);
        await sleep(connectEveryMs);
      }
    }
  };
}

/** Nothing says that a port-forward's connect succeeded; a refusal comes within a few milliseconds of its opening. */
function quietForAMoment(transport: Duplex): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      transport.off('error', reject);
      resolve(transport);
    }, 150);
    transport.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

function notListening(namespace: string, podName: string, cause: PortForwardError): MirrordError {
  const why = cause.refused ? `nothing listens on port ${agentPort} in it` : cause.message;
  return new MirrordError('AGENT_FAILED', `The agent ${podName} runs but cannot be connected to: ${why}.`, {
    help: `Does its image belong to this version of mirrord? See "kubectl -n ${namespace} logs ${podName}".`,
    cause,
  });
}

async function removeJob(cluster: Cluster, namespace: string, name: string): Promise<void> {
  await askIfThere(
    cluster.server,
    { verb: 'delete', resource: 'jobs', namespace },
    cluster.batch.deleteNamespacedJob({ name, namespace, gracePeriodSeconds: 0, propagationPolicy: 'Background' }),
  );
}

/** Lower-case letters and digits, as names in Kubernetes are. */
function randomName(length: number): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'; // 32 of them, so that each is as likely
  return [...randomBytes(length)].map((byte) => alphabet[byte % 32]).join('');
}
