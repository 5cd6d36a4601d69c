// Which container of a pod is meant, and what state it is in. Pure: a pod in, an answer out.

import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { MirrordError } from '../errors.ts';

/** Containers that meshes and agents put beside the application; never meant unless named. */
const sidecars = new Set([
  'istio-proxy',
  'linkerd-proxy',
  'linkerd-network-validator',
  'envoy',
  'envoy-sidecar',
  'kuma-sidecar',
  'consul-dataplane',
  'consul-connect-envoy-sidecar',
  'daprd',
  'vault-agent',
  'cloud-sql-proxy',
  'cloudsql-proxy',
  'datadog-agent',
  'otc-container',
]);

export type ContainerChoice = {
  readonly container: string;
  /** The application containers that were not chosen; empty when the user named one or there is only one. */
  readonly otherContainers: readonly string[];
};

/**
 * The named container; else the one that kubectl would take; else the first that is no known sidecar.
 * @throws MirrordError `CONTAINER_NOT_FOUND`
 */
export function chooseContainer(pod: V1Pod, wanted: string | undefined): ContainerChoice {
  const names = (pod.spec?.containers ?? []).map(({ name }) => name);
  if (wanted !== undefined) {
    const all = [...names, ...nativeSidecars(pod)];
    if (all.includes(wanted)) return { container: wanted, otherContainers: [] };
    throw new MirrordError('CONTAINER_NOT_FOUND', `The pod "${pod.metadata?.name}" has no container "${wanted}".`, {
      help: `Its containers: ${all.join(', ')}.`,
    });
  }
  const annotated = pod.metadata?.annotations?.['kubectl.kubernetes.io/default-container'];
  const applications = names.filter((name) => !sidecars.has(name));
  const container = names.find((name) => name === annotated) ?? applications[0] ?? names[0];
  if (container === undefined) {
    throw new MirrordError('CONTAINER_NOT_FOUND', `The pod "${pod.metadata?.name}" has no containers.`, {
      help: 'Name another target.',
    });
  }
  return { container, otherContainers: applications.filter((name) => name !== container) };
}

/** The status of a running container, undefined for one that does not run. */
export function runningContainer(pod: V1Pod, container: string): V1ContainerStatus | undefined {
  const status = statusOf(pod, container);
  return status?.state?.running !== undefined && (status.containerID ?? '') !== '' ? status : undefined;
}

/** Why a container does not run, as a phrase: `waiting: CrashLoopBackOff (last exit code 1)`. */
export function describeContainer(pod: V1Pod, container: string): string {
  const status = statusOf(pod, container);
  if (status?.state?.running !== undefined) return 'running';
  if (status?.state?.waiting !== undefined) {
    const { reason, message } = status.state.waiting;
    const last = status.lastState?.terminated;
    const ended = last === undefined ? '' : ` (last exit code ${last.exitCode}${because(last.reason)})`;
    return `waiting: ${reason ?? message ?? 'no reason given'}${ended}`;
  }
  if (status?.state?.terminated !== undefined) {
    const { exitCode, reason } = status.state.terminated;
    return `ended with exit code ${exitCode}${because(reason)}`;
  }
  const { phase, reason, message, conditions } = pod.status ?? {};
  const unmet = conditions?.find((condition) => condition.status === 'False' && condition.message);
  const why = reason ?? message ?? unmet?.message;
  return `${phase ?? 'Pending'}${why === undefined ? '' : `: ${why}`}`;
}

function because(reason: string | undefined): string {
  return reason === undefined || reason === 'Error' || reason === 'Completed' ? '' : `, ${reason}`;
}

/** Init containers that go on running (restartPolicy Always, Kubernetes 1.28). */
function nativeSidecars(pod: V1Pod): string[] {
  const running = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return running.map(({ name }) => name);
}

function statusOf(pod: V1Pod, container: string): V1ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container);
}
