// The way into a running agent: a port-forward, and the handshake over it.

import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { MirrordError } from '../errors.ts';
import { agentPort } from './agent-job.ts';
import { podProblem } from './agent-problems.ts';
import { askForHint } from './api-errors.ts';
import type { Cluster } from './cluster.ts';
import { PortForward, PortForwardError } from './port-forward.ts';

/** The container runs before the agent in it listens. */
const connectLimitMs = 10_000;
const connectEveryMs = 50;

/**
 * Opens a port-forward to the agent and does `handshake` over it, again and again while the agent does not
 * listen yet. Whether it listens is only known when it answers, so pass what waits for an answer.
 */
export async function connectAgent<Connection>(
  cluster: Cluster,
  agent: { readonly namespace: string; readonly podName: string; readonly image: string },
  handshake: (transport: Duplex) => Promise<Connection>,
): Promise<Connection> {
  const { namespace, podName, image } = agent;
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
}

function notListening(namespace: string, podName: string, cause: PortForwardError): MirrordError {
  const why = cause.refused ? `nothing listens on port ${agentPort} in it` : cause.message;
  return new MirrordError('AGENT_FAILED', `The agent ${podName} runs but cannot be connected to: ${why}.`, {
    help: `Does its image belong to this version of mirrord? See "kubectl -n ${namespace} logs ${podName}".`,
    cause,
  });
}
