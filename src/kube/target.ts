// From what the user named to one running container: pod, node, container id. Everything that can be wrong
// with a target is said here.

import type { V1Pod } from '@kubernetes/client-node';
import { formatTarget, type WorkloadTarget } from '../config/target.ts';
import { MirrordError } from '../errors.ts';
import { ask, askIfThere } from './api-errors.ts';
import type { Cluster } from './cluster.ts';
import { chooseContainer, describeContainer, runningContainer } from './containers.ts';
import { notFound } from './not-found.ts';
import { isReady, podsOfDeployment, selectorText } from './pods.ts';

export type ResolvedTarget = {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly podIP: string;
  readonly node: string;
  readonly container: string;
  /** The runtime's own id, as it is in the container's cgroup path. */
  readonly containerId: string;
  /** With the runtime: `containerd://ID`. */
  readonly containerUri: string;
  /** Application containers that were not chosen, for "how to choose"; empty when there was no choice. */
  readonly otherContainers: readonly string[];
  /** Pods of the workload; `1/1` for a pod. */
  readonly replicas: { readonly ready: number; readonly total: number };
};

/**
 * @throws MirrordError `TARGET_NOT_FOUND`, `NAMESPACE_NOT_FOUND`, `TARGET_NOT_RUNNING`,
 * `CONTAINER_NOT_FOUND`, or what a call to the API can end in
 */
export async function resolveTarget(
  cluster: Cluster,
  target: WorkloadTarget,
  namespace: string = cluster.namespace,
): Promise<ResolvedTarget> {
  return target.kind === 'pod'
    ? await resolvePod(cluster, target, namespace)
    : await resolveDeployment(cluster, target, namespace);
}

async function resolvePod(cluster: Cluster, target: WorkloadTarget, namespace: string): Promise<ResolvedTarget> {
  const pod = await askIfThere(
    cluster.server,
    { verb: 'get', resource: 'pods', namespace },
    cluster.core.readNamespacedPod({ name: target.name, namespace }),
  );
  if (pod === undefined) throw await notFound(cluster, target, namespace);
  const resolved = resolveContainer(pod, target);
  if (resolved === undefined) throw notRunning(target, namespace, [pod]);
  return { ...resolved, replicas: { ready: isReady(pod) ? 1 : 0, total: 1 } };
}

async function resolveDeployment(cluster: Cluster, target: WorkloadTarget, namespace: string): Promise<ResolvedTarget> {
  const deployment = await askIfThere(
    cluster.server,
    { verb: 'get', resource: 'deployments', namespace },
    cluster.apps.readNamespacedDeployment({ name: target.name, namespace }),
  );
  if (deployment === undefined) throw await notFound(cluster, target, namespace);
  const selected = await ask(
    cluster.server,
    { verb: 'list', resource: 'pods', namespace },
    cluster.core.listNamespacedPod({ namespace, labelSelector: selectorText(deployment.spec?.selector ?? {}) }),
  );
  const pods = podsOfDeployment(deployment, selected.items);
  const total = deployment.spec?.replicas ?? 1;
  for (const pod of pods) {
    const resolved = resolveContainer(pod, target);
    if (resolved !== undefined) return { ...resolved, replicas: { ready: pods.filter(isReady).length, total } };
  }
  throw total === 0 ? scaledToNothing(target, namespace) : notRunning(target, namespace, pods);
}

/** Undefined when the container does not run. */
function resolveContainer(pod: V1Pod, target: WorkloadTarget): Omit<ResolvedTarget, 'replicas'> | undefined {
  const choice = chooseContainer(pod, target.container);
  const status = runningContainer(pod, choice.container);
  const containerUri = status?.containerID;
  if (containerUri === undefined || pod.metadata?.deletionTimestamp !== undefined) return undefined;
  return {
    ...choice,
    namespace: pod.metadata?.namespace ?? '',
    pod: pod.metadata?.name ?? '',
    podUid: pod.metadata?.uid ?? '',
    podIP: pod.status?.podIP ?? '',
    node: pod.spec?.nodeName ?? '',
    containerUri,
    containerId: containerUri.replace(/^[^:]*:\/\//, ''),
  };
}

function notRunning(target: WorkloadTarget, namespace: string, pods: readonly V1Pod[]): MirrordError {
  const states = pods.slice(0, 3).map((pod) => {
    const { container } = chooseContainer(pod, target.container);
    const state = pod.metadata?.deletionTimestamp === undefined ? describeContainer(pod, container) : 'terminating';
    return `pod ${pod.metadata?.name}, container ${container}: ${state}`;
  });
  const why = states.length === 0 ? 'it has no pods yet' : states.join('; ');
  return new MirrordError('TARGET_NOT_RUNNING', `${formatTarget(target)} is not running (${why}).`, {
    help: `See "kubectl -n ${namespace} describe ${target.kind} ${target.name}"; start again when it runs.`,
  });
}

function scaledToNothing(target: WorkloadTarget, namespace: string): MirrordError {
  return new MirrordError('TARGET_NOT_RUNNING', `${formatTarget(target)} is scaled to 0 replicas.`, {
    help: `Run "kubectl -n ${namespace} scale deployment ${target.name} --replicas=1", then start again.`,
  });
}
