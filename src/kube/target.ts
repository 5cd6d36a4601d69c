// From what the user named to running containers: pod, node, container id of each. Everything that can be
// wrong with a target is said here.

import type { V1Pod } from '@kubernetes/client-node';
import { formatTarget, labelsText, type WorkloadTarget } from '../config/target.ts';
import { MirrordError } from '../errors.ts';
import { ask, askIfThere } from './api-errors.ts';
import type { Cluster } from './cluster.ts';
import { chooseContainer, describeContainer, runningContainer } from './containers.ts';
import { kinds, type Workload } from './kinds.ts';
import { notFound } from './not-found.ts';
import { bestFirst, isReady } from './pods.ts';

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

/** The workload that was named, and its containers that run. */
export type FoundTarget = {
  readonly workload: Workload;
  /** Best first: the first is where files, variables and connections are. */
  readonly containers: readonly [ResolvedTarget, ...ResolvedTarget[]];
};

/**
 * @throws MirrordError `TARGET_NOT_FOUND`, `NAMESPACE_NOT_FOUND`, `TARGET_NOT_RUNNING`,
 * `CONTAINER_NOT_FOUND`, or what a call to the API can end in
 */
export async function findTarget(
  cluster: Cluster,
  target: WorkloadTarget,
  namespace: string = cluster.namespace,
): Promise<FoundTarget> {
  const workload = await readWorkload(cluster, target, namespace);
  const pods = await podsOf(cluster, workload, namespace);
  const [first, ...others] = containersOf(pods, workload, target.container);
  if (first !== undefined) return { workload, containers: [first, ...others] };
  throw workload.wanted === 0 ? hasNoPods(target, namespace) : notRunning(target, namespace, workload, pods);
}

async function readWorkload(cluster: Cluster, target: WorkloadTarget, namespace: string): Promise<Workload> {
  if (target.kind === 'labels') {
    return { selector: { labelSelector: labelsText(target.labels) }, owns: () => true, wanted: undefined };
  }
  const { read, resource } = kinds[target.kind];
  const attempt = { verb: 'get', resource, namespace } as const;
  const workload = await askIfThere(cluster.server, attempt, read(cluster, target.name, namespace));
  if (workload === undefined) throw await notFound(cluster, target, namespace);
  return workload;
}

/** A workload's own pods that are not on their way out, best first. */
export async function podsOf(cluster: Cluster, { selector, owns }: Workload, namespace: string): Promise<V1Pod[]> {
  if (selector === undefined) return [];
  const attempt = { verb: 'list', resource: 'pods', namespace } as const;
  const { items } = await ask(cluster.server, attempt, cluster.core.listNamespacedPod({ namespace, ...selector }));
  return bestFirst(items.filter(owns));
}

/** The chosen container of each pod in which it runs. */
export function containersOf(
  pods: readonly V1Pod[],
  { wanted }: Workload,
  container: string | undefined,
): ResolvedTarget[] {
  const replicas = { ready: pods.filter(isReady).length, total: Math.max(wanted ?? 0, pods.length) };
  return pods.flatMap((pod) => {
    const resolved = resolveContainer(pod, container);
    return resolved === undefined ? [] : [{ ...resolved, replicas }];
  });
}

/** Undefined when the container does not run. */
function resolveContainer(pod: V1Pod, wanted: string | undefined): Omit<ResolvedTarget, 'replicas'> | undefined {
  const choice = chooseContainer(pod, wanted);
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

function notRunning(
  target: WorkloadTarget,
  namespace: string,
  { selector }: Workload,
  pods: readonly V1Pod[],
): MirrordError {
  const states = pods.slice(0, 3).map((pod) => {
    const { container } = chooseContainer(pod, target.container);
    const state = pod.metadata?.deletionTimestamp === undefined ? describeContainer(pod, container) : 'terminating';
    return `pod ${pod.metadata?.name}, container ${container}: ${state}`;
  });
  const none = selector === undefined ? 'it selects no pods' : 'it has no pods yet';
  const why = states.length === 0 ? none : states.join('; ');
  return new MirrordError('TARGET_NOT_RUNNING', `${formatTarget(target)} is not running (${why}).`, {
    help: `See "kubectl -n ${namespace} ${describeCommand(target)}"; start again when it runs.`,
  });
}

function describeCommand(target: WorkloadTarget): string {
  return target.kind === 'labels'
    ? `describe pods -l ${labelsText(target.labels)}`
    : `describe ${target.kind} ${target.name}`;
}

function hasNoPods(target: WorkloadTarget, namespace: string): MirrordError {
  const name = formatTarget(target);
  const kubectl = `kubectl -n ${namespace}`;
  switch (target.kind) {
    case 'cronjob':
      return new MirrordError('TARGET_NOT_RUNNING', `${name} has no Job that runs now.`, {
        help: `Run "${kubectl} create job --from=cronjob/${target.name} NAME", then start again.`,
      });
    case 'job':
      return new MirrordError('TARGET_NOT_RUNNING', `${name} has no pod that runs: it has ended or is suspended.`, {
        help: `See "${kubectl} ${describeCommand(target)}".`,
      });
    case 'daemonset':
      return new MirrordError('TARGET_NOT_RUNNING', `${name} has no pods: no node is meant to have one.`, {
        help: `See "${kubectl} ${describeCommand(target)}".`,
      });
    default:
      return new MirrordError('TARGET_NOT_RUNNING', `${name} is scaled to 0 replicas.`, {
        help: `Run "${kubectl} scale ${formatTarget({ ...target, container: undefined })} --replicas=1", then start again.`,
      });
  }
}
