// Which pods are a workload's own, and which of them is taken first. Pure: pods in, an answer out.

import type { V1LabelSelector, V1ObjectMeta, V1Pod } from '@kubernetes/client-node';

/**
 * The pods that are not on their way out, best first: ready ones, then the newest (in a rollout that is the
 * new version), then by name so that the choice is the same each time.
 */
export function bestFirst(pods: readonly V1Pod[]): V1Pod[] {
  return pods
    .filter((pod) => pod.metadata?.deletionTimestamp === undefined)
    .sort(
      (a, b) =>
        Number(isReady(b)) - Number(isReady(a)) || createdMs(b) - createdMs(a) || nameOf(a).localeCompare(nameOf(b)),
    );
}

export function isReady(pod: V1Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** A selector in the text form of a list call's `labelSelector`. */
export function selectorText(selector: V1LabelSelector): string {
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const others = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    switch (operator) {
      case 'Exists':
        return key;
      case 'DoesNotExist':
        return `!${key}`;
      default:
        return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
    }
  });
  return [...equal, ...others].join(',');
}

/** Whether the controller of something (a pod, a Job) is the one with this uid. */
export function isControlledBy(uid: string | undefined): (owned: Owned) => boolean {
  return (owned) => uid !== undefined && controllerOf(owned)?.uid === uid;
}

/**
 * Whether a pod is of one of a Deployment's (or Argo Rollout's) ReplicaSets, which have the name of the
 * workload and its template's hash (`deployment/util/hash`). That spares asking for ReplicaSets, and the right to.
 * @param label the pod's label that has the hash
 */
export function isOfReplicaSets(name: string, label: string): (pod: V1Pod) => boolean {
  return (pod) => {
    const controller = controllerOf(pod);
    return controller?.kind === 'ReplicaSet' && controller.name === `${name}-${pod.metadata?.labels?.[label]}`;
  };
}

function controllerOf({ metadata }: Owned) {
  return metadata?.ownerReferences?.find((owner) => owner.controller === true);
}

type Owned = { readonly metadata?: V1ObjectMeta };

const nameOf = (pod: V1Pod): string => pod.metadata?.name ?? '';
const createdMs = (pod: V1Pod): number => new Date(pod.metadata?.creationTimestamp ?? 0).getTime();
