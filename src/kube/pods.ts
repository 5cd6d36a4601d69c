// Which pod of a Deployment is taken. Pure: pods in, an order out.

import type { V1Deployment, V1LabelSelector, V1Pod } from '@kubernetes/client-node';

/**
 * The deployment's own pods that are not on their way out, best first: ready ones, then the newest (in a
 * rollout that is the new version), then by name so that the choice is the same each time.
 */
export function podsOfDeployment(deployment: V1Deployment, selected: readonly V1Pod[]): V1Pod[] {
  const own = selected.filter((pod) => isOwnedBy(deployment, pod) && pod.metadata?.deletionTimestamp === undefined);
  return own.sort(
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

/**
 * Selectors of two deployments can overlap. A pod's controller is the ReplicaSet named after deployment and
 * template (`deployment/util/hash`), which spares asking for ReplicaSets and the right to.
 */
function isOwnedBy(deployment: V1Deployment, pod: V1Pod): boolean {
  const hash = pod.metadata?.labels?.['pod-template-hash'];
  const controller = pod.metadata?.ownerReferences?.find((owner) => owner.controller === true);
  return controller?.kind === 'ReplicaSet' && controller.name === `${deployment.metadata?.name}-${hash}`;
}

const nameOf = (pod: V1Pod): string => pod.metadata?.name ?? '';
const createdMs = (pod: V1Pod): number => new Date(pod.metadata?.creationTimestamp ?? 0).getTime();
