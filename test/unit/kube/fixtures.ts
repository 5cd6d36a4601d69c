// Small pods and deployments for the tests of the pure parts.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Container, V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { temporaryFolder } from '../config/temporary-folder.ts';

type PodShape = {
  readonly name?: string;
  readonly containers?: readonly string[];
  readonly statuses?: readonly Partial<V1ContainerStatus>[];
  readonly ready?: boolean;
  readonly created?: string;
  readonly terminating?: boolean;
  readonly annotations?: Record<string, string>;
  readonly owner?: string;
  readonly hash?: string;
  readonly nativeSidecars?: readonly string[];
  readonly status?: V1Pod['status'];
};

const container = (name: string): V1Container => ({ name });

export const running: Partial<V1ContainerStatus> = { state: { running: {} }, containerID: 'containerd://abc' };

export function pod(shape: PodShape = {}): V1Pod {
  const containers = shape.containers ?? ['app'];
  return {
    metadata: {
      name: shape.name ?? 'shop-1',
      creationTimestamp: new Date(shape.created ?? '2026-01-01T00:00:00Z'),
      labels: shape.hash === undefined ? {} : { 'pod-template-hash': shape.hash },
      annotations: shape.annotations ?? {},
      ...(shape.terminating === true ? { deletionTimestamp: new Date() } : {}),
      ...(shape.owner === undefined
        ? {}
        : {
            ownerReferences: [
              { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: shape.owner, uid: 'u', controller: true },
            ],
          }),
    },
    spec: {
      containers: containers.map(container),
      initContainers: (shape.nativeSidecars ?? []).map((name) => ({ name, restartPolicy: 'Always' })),
    },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: shape.ready === false ? 'False' : 'True' }],
      containerStatuses: containers.map((name, index) => status(name, shape.statuses?.[index] ?? running)),
      ...shape.status,
    },
  };
}

function status(name: string, partial: Partial<V1ContainerStatus>): V1ContainerStatus {
  return { name, image: '', imageID: '', ready: true, restartCount: 0, ...partial };
}

/** The arguments of `openCluster` for a server that asks for no credentials. */
export function kubeconfigFor(
  server: string,
): [{ kubeconfig: string; acceptInvalidCertificates: boolean }, NodeJS.ProcessEnv] {
  const kubeconfig = join(temporaryFolder(), 'config');
  const text = {
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'nobody' } }],
    users: [],
  };
  writeFileSync(kubeconfig, JSON.stringify(text));
  return [{ kubeconfig, acceptInvalidCertificates: false }, {}];
}
