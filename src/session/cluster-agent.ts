// Where the agents of a session are in a cluster: finds the target, says which pods it is, and starts an agent
// beside each one that is asked for.

import type { SessionConfig } from '../config/session-config.ts';
import { formatTarget } from '../config/target.ts';
import { startAgent } from '../kube/agent.ts';
import { type Cluster, openCluster } from '../kube/cluster.ts';
import { followPods } from '../kube/follow.ts';
import { containersOf, type FoundTarget, findTarget, type ResolvedTarget } from '../kube/target.ts';
import type { AgentPlace, AgentSite, PodPlace } from './agent-site.ts';

/** @throws MirrordError; nothing is made in the cluster yet */
export async function placeInCluster(config: SessionConfig, report: (line: string) => void): Promise<AgentPlace> {
  const { target: asked, targetNamespace } = config;
  const cluster = openCluster(config);
  const namespace = targetNamespace ?? cluster.namespace;
  if (asked === undefined || asked.kind === 'targetless') {
    return { pods: [{ id: '', name: 'none', start: agentStarter(cluster, { namespace }, config) }] };
  }
  const found = await findTarget(cluster, asked, namespace);
  const place = (container: ResolvedTarget): PodPlace => ({
    id: container.containerId,
    name: container.pod,
    start: agentStarter(cluster, { namespace, target: container, writesFiles: writesFiles(config) }, config),
  });
  for (const line of describe(formatTarget(asked), found)) report(line);
  const pods = mapFirst(found.containers, place);
  if (asked.kind === 'pod') return { pods };
  return {
    pods,
    follow: (changed) =>
      followPods(cluster, found.workload, namespace, (all) => {
        changed(containersOf(all, found.workload, asked.container).map(place));
      }),
  };
}

function agentStarter(cluster: Cluster, place: Parameters<typeof startAgent>[1], config: SessionConfig) {
  return async (report: (line: string) => void, signal: AbortSignal): Promise<AgentSite> => {
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
  };
}

function writesFiles({ feature }: SessionConfig): boolean {
  const { mode, readWrite } = feature.fs;
  return mode === 'write' || readWrite.length > 0;
}

/** What was chosen where there was a choice, and how to choose otherwise. */
function describe(asked: string, { containers: [first] }: FoundTarget): string[] {
  const { pod, namespace, container, otherContainers } = first;
  const lines = [`Target: container ${container} of pod ${pod} in namespace ${namespace}.`];
  if (otherContainers.length > 0) {
    lines.push(`The pod also has ${otherContainers.join(', ')}: -t ${asked}/container/NAME chooses.`);
  }
  return lines;
}

function mapFirst<From, To>([first, ...others]: readonly [From, ...From[]], to: (from: From) => To): [To, ...To[]] {
  return [to(first), ...others.map(to)];
}
