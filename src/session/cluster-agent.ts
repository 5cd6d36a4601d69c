// The agent of a session in a cluster: finds the target, says which pod it is, and starts the agent beside it.

import type { SessionConfig } from '../config/session-config.ts';
import { formatTarget, type WorkloadTarget } from '../config/target.ts';
import { startAgent } from '../kube/agent.ts';
import type { AgentTask } from '../kube/agent-job.ts';
import { type Cluster, openCluster } from '../kube/cluster.ts';
import { findTarget, type ResolvedTarget } from '../kube/target.ts';
import type { AgentSite } from './agent-site.ts';

/** @throws MirrordError; nothing is left in the cluster then */
export async function agentInCluster(
  config: SessionConfig,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<AgentSite> {
  const { target } = config;
  const cluster = openCluster(config);
  const place =
    target === undefined || target.kind === 'targetless'
      ? { namespace: config.targetNamespace ?? cluster.namespace }
      : await placeOf(cluster, target, config, report);
  const agent = await startAgent(cluster, place, config.agent, report, signal);
  return {
    name: `the agent pod ${agent.namespace}/${agent.podName}`,
    help: `See "kubectl logs -n ${agent.namespace} ${agent.podName}" while it is there.`,
    created: agent.created,
    endsWithSessions: true,
    isLiving: () => agent.isLiving(),
    open: (handshake) => agent.connect(handshake),
    remove: () => agent.remove(),
  };
}

async function placeOf(
  cluster: Cluster,
  asked: WorkloadTarget,
  config: SessionConfig,
  report: (line: string) => void,
): Promise<AgentTask & { readonly namespace: string }> {
  const {
    containers: [target],
  } = await findTarget(cluster, asked, config.targetNamespace);
  for (const line of describe(formatTarget(asked), target)) report(line);
  const { mode, readWrite } = config.feature.fs;
  return { namespace: target.namespace, target, writesFiles: mode === 'write' || readWrite.length > 0 };
}

/** What was chosen where there was a choice, and how to choose otherwise. */
function describe(asked: string, target: ResolvedTarget): string[] {
  const { pod, namespace, container, otherContainers, replicas } = target;
  const lines = [`Target: container ${container} of pod ${pod} in namespace ${namespace}.`];
  if (otherContainers.length > 0) {
    lines.push(`The pod also has ${otherContainers.join(', ')}: -t ${asked}/container/NAME chooses.`);
  }
  if (replicas.total > 1) {
    lines.push(`This is 1 of ${replicas.total} pods: it gets about 1/${replicas.total} of the requests.`);
  }
  return lines;
}
