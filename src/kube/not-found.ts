// A target that is not there: the error with what was probably meant. The hints are asked for only now, and
// one that may not be asked for (RBAC) is left out.

import { distance } from 'fastest-levenshtein';
import { formatTarget, type WorkloadTarget } from '../config/target.ts';
import { MirrordError } from '../errors.ts';
import { askForHint } from './api-errors.ts';
import type { Cluster } from './cluster.ts';

type Named = { readonly metadata?: { readonly name?: string; readonly namespace?: string } };

export async function notFound(cluster: Cluster, target: WorkloadTarget, namespace: string): Promise<MirrordError> {
  const [namespaces, same, other, elsewhere] = await Promise.all([
    askForHint(cluster.core.listNamespace().then(({ items }) => namesOf(items))),
    askForHint(listNames(cluster, target.kind, namespace)),
    askForHint(listNames(cluster, target.kind === 'pod' ? 'deployment' : 'pod', namespace)),
    askForHint(findEverywhere(cluster, target)),
  ]);
  if (namespaces !== undefined && !namespaces.includes(namespace)) {
    return new MirrordError('NAMESPACE_NOT_FOUND', `There is no namespace "${namespace}".`, {
      help: hints([nearest(namespace, namespaces), found(elsewhere, target)], 'See "kubectl get namespaces".'),
    });
  }
  const otherKind = target.kind === 'pod' ? 'deployment' : 'pod';
  const help = hints(
    [
      other?.includes(target.name) === true ? `There is a ${otherKind} of that name: ${otherKind}/${target.name}.` : '',
      nearest(target.name, same ?? []),
      found(elsewhere, target),
    ],
    `See "kubectl -n ${namespace} get ${target.kind}s"; -n names another namespace.`,
  );
  const what = formatTarget({ kind: target.kind, name: target.name });
  return new MirrordError('TARGET_NOT_FOUND', `There is no ${what} in namespace "${namespace}".`, { help });
}

/** The up to three names nearest to a mistyped one, those that share nothing with it left out. */
export function nearestNames(name: string, names: readonly string[]): string[] {
  return names
    .map((candidate) => ({ candidate, far: farness(name, candidate) }))
    .filter(({ far }) => far <= Math.max(2, name.length / 2))
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Edits, where a name that only goes on (`shop`, `shop-7d9c-x2v`) is near. */
function farness(name: string, candidate: string): number {
  return Math.min(distance(name, candidate), 1 + distance(name, candidate.slice(0, name.length)));
}

function nearest(name: string, names: readonly string[]): string {
  const near = nearestNames(name, names);
  return near.length === 0 ? '' : `Did you mean ${near.join(', ')}?`;
}

function found(places: readonly string[] | undefined, target: WorkloadTarget): string {
  const [place] = places ?? [];
  return place === undefined ? '' : `There is one in namespace "${place}": -n ${place} -t ${formatTarget(target)}.`;
}

function hints(texts: readonly string[], fallback: string): string {
  return texts.filter((text) => text !== '').join(' ') || fallback;
}

async function listNames(cluster: Cluster, kind: WorkloadTarget['kind'], namespace: string): Promise<string[]> {
  const { items }: { items: readonly Named[] } =
    kind === 'pod'
      ? await cluster.core.listNamespacedPod({ namespace })
      : await cluster.apps.listNamespacedDeployment({ namespace });
  return namesOf(items);
}

/** The namespaces that have a thing of the target's kind and name. */
async function findEverywhere(cluster: Cluster, { kind, name }: WorkloadTarget): Promise<string[]> {
  const fieldSelector = `metadata.name=${name}`;
  const { items }: { items: readonly Named[] } =
    kind === 'pod'
      ? await cluster.core.listPodForAllNamespaces({ fieldSelector })
      : await cluster.apps.listDeploymentForAllNamespaces({ fieldSelector });
  return items.flatMap(({ metadata }) => metadata?.namespace ?? []);
}

function namesOf(items: readonly Named[]): string[] {
  return items.flatMap(({ metadata }) => metadata?.name ?? []);
}
