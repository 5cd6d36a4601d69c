// A target that is not there: the error with what was probably meant. The hints are asked for only now, and
// one that may not be asked for (RBAC) is left out.

import { distance } from 'fastest-levenshtein';
import { formatTarget, type NamedKind, type NamedTarget } from '../config/target.ts';
import { MirrordError } from '../errors.ts';
import { askForHint } from './api-errors.ts';
import type { Cluster } from './cluster.ts';
import { kinds } from './kinds.ts';

type Named = { readonly metadata?: { readonly name?: string; readonly namespace?: string } };

export async function notFound(cluster: Cluster, target: NamedTarget, namespace: string): Promise<MirrordError> {
  const [namespaces, same, other, elsewhere] = await Promise.all([
    askForHint(cluster.core.listNamespace().then(({ items }) => namesOf(items))),
    namesOfKind(cluster, target.kind, namespace),
    askForHint(otherKinds(cluster, target, namespace)),
    askForHint(findEverywhere(cluster, target)),
  ]);
  if (namespaces !== undefined && !namespaces.includes(namespace)) {
    return new MirrordError('NAMESPACE_NOT_FOUND', `There is no namespace "${namespace}".`, {
      help: hints([nearest(namespace, namespaces), found(elsewhere, target)], 'See "kubectl get namespaces".'),
    });
  }
  if (same === 'no such kind') {
    return new MirrordError('TARGET_NOT_FOUND', `This cluster has no ${kinds[target.kind].resource} at all.`, {
      help: hints([other ?? ''], 'Argo Rollouts (argoproj.io/v1alpha1) is not installed in it: name another kind.'),
    });
  }
  const help = hints(
    [other ?? '', nearest(target.name, same ?? []), found(elsewhere, target)],
    `See "kubectl -n ${namespace} get ${kinds[target.kind].resource}"; -n names another namespace.`,
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

function found(places: readonly string[] | undefined, target: NamedTarget): string {
  const [place] = places ?? [];
  return place === undefined ? '' : `There is one in namespace "${place}": -n ${place} -t ${formatTarget(target)}.`;
}

function hints(texts: readonly string[], fallback: string): string {
  return texts.filter((text) => text !== '').join(' ') || fallback;
}

/** The names of the kind's things; what may not be asked is undefined. A custom kind need not be there at all. */
async function namesOfKind(
  cluster: Cluster,
  kind: NamedKind,
  namespace: string,
): Promise<string[] | 'no such kind' | undefined> {
  try {
    return namesOf((await kinds[kind].list(cluster, namespace)).items);
  } catch (error) {
    return (error as { readonly code?: unknown }).code === 404 ? 'no such kind' : undefined;
  }
}

/** A thing of the same name and another kind: those that are named most. */
async function otherKinds(cluster: Cluster, { kind, name }: NamedTarget, namespace: string): Promise<string> {
  const others = (['pod', 'deployment', 'statefulset'] as const).filter((other) => other !== kind);
  const lists = await Promise.all(others.map((other) => namesOfKind(cluster, other, namespace)));
  const other = others.find((_, at) => lists[at]?.includes(name));
  return other === undefined ? '' : `There is a ${other} of that name: ${other}/${name}.`;
}

/** The namespaces that have a thing of the target's kind and name. */
async function findEverywhere(cluster: Cluster, { kind, name }: NamedTarget): Promise<string[]> {
  const { items } = await kinds[kind].listEverywhere(cluster, `metadata.name=${name}`);
  return items.flatMap(({ metadata }) => metadata?.namespace ?? []);
}

function namesOf(items: readonly Named[]): string[] {
  return items.flatMap(({ metadata }) => metadata?.name ?? []);
}
