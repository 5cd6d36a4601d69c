// The kinds of things that can be targeted: how each is read and listed, and which pods are its own.

import type { V1LabelSelector, V1ObjectMeta, V1Pod } from '@kubernetes/client-node';
import type { NamedKind } from '../config/target.ts';
import type { Cluster } from './cluster.ts';
import { isControlledBy, isOfReplicaSets, selectorText } from './pods.ts';

/** Something that has pods. */
export type Workload = {
  /** Of a list call; undefined when there are no pods that it could select. */
  readonly selector: { readonly labelSelector: string } | { readonly fieldSelector: string } | undefined;
  /** Selectors can overlap: whether a selected pod is really its own. */
  readonly owns: (pod: V1Pod) => boolean;
  /** How many pods it should have; undefined: as many as there are. */
  readonly wanted: number | undefined;
};

type Named = { readonly metadata?: V1ObjectMeta };
type List = Promise<{ readonly items: readonly Named[] }>;

export type Kind = {
  /** As in a role: plural. */
  readonly resource: string;
  /** Rejects as the API does; 404 for a name that is not there. */
  read(cluster: Cluster, name: string, namespace: string): Promise<Workload>;
  list(cluster: Cluster, namespace: string): List;
  listEverywhere(cluster: Cluster, fieldSelector?: string): List;
};

export const kinds: Readonly<Record<NamedKind, Kind>> = {
  pod: {
    resource: 'pods',
    read: async ({ core }, name, namespace) => {
      await core.readNamespacedPod({ name, namespace });
      return { selector: { fieldSelector: `metadata.name=${name}` }, owns: () => true, wanted: 1 };
    },
    list: ({ core }, namespace) => core.listNamespacedPod({ namespace }),
    listEverywhere: ({ core }, fieldSelector) => core.listPodForAllNamespaces(fields(fieldSelector)),
  },
  deployment: {
    resource: 'deployments',
    read: async ({ apps }, name, namespace) => {
      const { spec } = await apps.readNamespacedDeployment({ name, namespace });
      return {
        ...selected(spec?.selector),
        owns: isOfReplicaSets(name, 'pod-template-hash'),
        wanted: spec?.replicas ?? 1,
      };
    },
    list: ({ apps }, namespace) => apps.listNamespacedDeployment({ namespace }),
    listEverywhere: ({ apps }, fieldSelector) => apps.listDeploymentForAllNamespaces(fields(fieldSelector)),
  },
  statefulset: {
    resource: 'statefulsets',
    read: async ({ apps }, name, namespace) => {
      const { spec, metadata } = await apps.readNamespacedStatefulSet({ name, namespace });
      return { ...selected(spec?.selector), owns: isControlledBy(metadata?.uid), wanted: spec?.replicas ?? 1 };
    },
    list: ({ apps }, namespace) => apps.listNamespacedStatefulSet({ namespace }),
    listEverywhere: ({ apps }, fieldSelector) => apps.listStatefulSetForAllNamespaces(fields(fieldSelector)),
  },
  daemonset: {
    resource: 'daemonsets',
    read: async ({ apps }, name, namespace) => {
      const { spec, status, metadata } = await apps.readNamespacedDaemonSet({ name, namespace });
      const wanted = status?.desiredNumberScheduled;
      return { ...selected(spec?.selector), owns: isControlledBy(metadata?.uid), wanted };
    },
    list: ({ apps }, namespace) => apps.listNamespacedDaemonSet({ namespace }),
    listEverywhere: ({ apps }, fieldSelector) => apps.listDaemonSetForAllNamespaces(fields(fieldSelector)),
  },
  replicaset: {
    resource: 'replicasets',
    read: async ({ apps }, name, namespace) => {
      const { spec, metadata } = await apps.readNamespacedReplicaSet({ name, namespace });
      return { ...selected(spec?.selector), owns: isControlledBy(metadata?.uid), wanted: spec?.replicas ?? 1 };
    },
    list: ({ apps }, namespace) => apps.listNamespacedReplicaSet({ namespace }),
    listEverywhere: ({ apps }, fieldSelector) => apps.listReplicaSetForAllNamespaces(fields(fieldSelector)),
  },
  job: {
    resource: 'jobs',
    read: async ({ batch }, name, namespace) => {
      const { spec, status, metadata } = await batch.readNamespacedJob({ name, namespace });
      return { ...selected(spec?.selector), owns: isControlledBy(metadata?.uid), wanted: status?.active ?? 0 };
    },
    list: ({ batch }, namespace) => batch.listNamespacedJob({ namespace }),
    listEverywhere: ({ batch }, fieldSelector) => batch.listJobForAllNamespaces(fields(fieldSelector)),
  },
  cronjob: {
    resource: 'cronjobs',
    // Its own status leaves out the Jobs that were made by hand from it, which is how it is run for a look.
    read: async ({ batch }, name, namespace) => {
      const [{ metadata }, jobs] = await Promise.all([
        batch.readNamespacedCronJob({ name, namespace }),
        batch.listNamespacedJob({ namespace }),
      ]);
      const own = jobs.items.filter((job) => isControlledBy(metadata?.uid)(job) && (job.status?.active ?? 0) > 0);
      const labelSelector = `job-name in (${own.map((job) => job.metadata?.name).join(',')})`;
      return {
        selector: own.length === 0 ? undefined : { labelSelector },
        owns: (pod) => own.some((job) => isControlledBy(job.metadata?.uid)(pod)),
        wanted: own.length === 0 ? 0 : undefined,
      };
    },
    list: ({ batch }, namespace) => batch.listNamespacedCronJob({ namespace }),
    listEverywhere: ({ batch }, fieldSelector) => batch.listCronJobForAllNamespaces(fields(fieldSelector)),
  },
  service: {
    resource: 'services',
    read: async ({ core }, name, namespace) => {
      const { spec } = await core.readNamespacedService({ name, namespace });
      // Without a selector somebody else writes its endpoints.
      return { ...selected({ matchLabels: spec?.selector ?? {} }), owns: () => true, wanted: undefined };
    },
    list: ({ core }, namespace) => core.listNamespacedService({ namespace }),
    listEverywhere: ({ core }, fieldSelector) => core.listServiceForAllNamespaces(fields(fieldSelector)),
  },
  rollout: {
    resource: 'rollouts',
    read: async (cluster, name, namespace) => {
      const rollout = await cluster.custom.getNamespacedCustomObject({ ...argo, name, namespace });
      const { spec } = rollout as { readonly spec?: RolloutSpec };
      const selector = spec?.selector ?? (await templateSelector(cluster, spec, namespace));
      const owns = isOfReplicaSets(name, 'rollouts-pod-template-hash');
      return { ...selected(selector), owns, wanted: spec?.replicas ?? 1 };
    },
    list: ({ custom }, namespace) => custom.listNamespacedCustomObject({ ...argo, namespace }) as List,
    listEverywhere: ({ custom }, fieldSelector) =>
      custom.listCustomObjectForAllNamespaces({
        ...argo,
        ...fields(fieldSelector),
      }) as List,
  },
};

/** Argo Rollouts' custom resource. */
const argo = { group: 'argoproj.io', version: 'v1alpha1', plural: 'rollouts' } as const;

type RolloutSpec = {
  readonly replicas?: number;
  readonly selector?: V1LabelSelector;
  /** The Deployment that lends its template, and with it its selector. */
  readonly workloadRef?: { readonly kind?: string; readonly name?: string };
};

async function templateSelector(
  { apps }: Cluster,
  spec: RolloutSpec | undefined,
  namespace: string,
): Promise<V1LabelSelector | undefined> {
  const { kind, name } = spec?.workloadRef ?? {};
  if (kind !== 'Deployment' || name === undefined) return undefined;
  return (await apps.readNamespacedDeployment({ name, namespace })).spec?.selector;
}

/** An empty selector would select every pod. */
function selected(selector: V1LabelSelector | undefined): Pick<Workload, 'selector'> {
  const labelSelector = selectorText(selector ?? {});
  return { selector: labelSelector === '' ? undefined : { labelSelector } };
}

function fields(fieldSelector: string | undefined): { fieldSelector?: string } {
  return fieldSelector === undefined ? {} : { fieldSelector };
}
