// What the user names as the target: `KIND/NAME`, `KIND/NAME/container/C`, `labels/KEY=VALUE,…` or
// `targetless`, as text or as the object form of a configuration file.

import { closest } from 'fastest-levenshtein';
import { MirrordError } from '../errors.ts';

export const namedKinds = [
  'pod',
  'deployment',
  'statefulset',
  'daemonset',
  'replicaset',
  'job',
  'cronjob',
  'service',
  'rollout',
] as const;

export type NamedKind = (typeof namedKinds)[number];

export type NamedTarget = {
  readonly kind: NamedKind;
  readonly name: string;
  readonly container?: string | undefined;
};

/** All pods with these labels. */
export type LabelsTarget = {
  readonly kind: 'labels';
  readonly labels: Readonly<Record<string, string>>;
  readonly container?: string | undefined;
};

export type WorkloadTarget = NamedTarget | LabelsTarget;

export type Target = { readonly kind: 'targetless' } | WorkloadTarget;

/** kubectl's short names, mirrord's keys in a file, and kubectl's plurals. */
const spellings: Readonly<Record<NamedKind, string>> = {
  pod: 'po pods',
  deployment: 'deploy deployments',
  statefulset: 'sts stateful_set statefulsets',
  daemonset: 'ds daemon_set daemonsets',
  replicaset: 'rs replica_set replicasets',
  job: 'jobs',
  cronjob: 'cj cron_job cronjobs',
  service: 'svc services',
  rollout: 'ro rollouts',
};
const kindOf = new Map<string, NamedKind>(
  namedKinds.flatMap((kind) => [kind, ...spellings[kind].split(' ')].map((word) => [word, kind] as const)),
);

const form = `Write KIND/NAME, KIND/NAME/container/CONTAINER or labels/KEY=VALUE, of ${namedKinds.join(', ')}.`;

/**
 * Reads a target's text form.
 * @throws MirrordError `TARGET_INVALID`
 */
export function parseTarget(text: string): Target {
  if (text === 'targetless') return { kind: 'targetless' };
  if (text.startsWith('labels/')) return parseLabels(text);
  const [kindText = '', name, keyword, container, ...rest] = text.split('/');
  const kind = namedKind(kindText, text);
  if (name === undefined || rest.length > 0) throw malformed(text);
  if (keyword === undefined) return named(kind, name, undefined, text);
  if (keyword !== 'container' || container === undefined) throw malformed(text);
  return named(kind, name, container, text);
}

/** The text that `parseTarget` reads back as the same target. */
export function formatTarget(target: Target): string {
  if (target.kind === 'targetless') return 'targetless';
  const suffix = target.container === undefined ? '' : `/container/${target.container}`;
  const name = target.kind === 'labels' ? labelsText(target.labels) : target.name;
  return `${target.kind}/${name}${suffix}`;
}

/** Labels as a selector, which is also their text form: `app=shop,tier=web`. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/**
 * Reads the `target` of a configuration file: text, `{ deployment, container }` and the like, `{ labels,
 * container }`, or one of these as `path` beside a `namespace`.
 * @throws MirrordError `TARGET_INVALID` or `CONFIG_INVALID`
 */
export function readTargetSetting(value: unknown): {
  readonly target?: Target | undefined;
  readonly namespace?: string | undefined;
} {
  if (value === undefined || value === null) return {};
  if (typeof value === 'string') return { target: parseTarget(value) };
  if (!isObject(value)) throw invalid('"target" must be a string or an object.', form);
  if (!('path' in value) && !('namespace' in value)) return { target: readTargetObject(value, 'target') };

  const { path, namespace, ...others } = value;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw invalid(`There is no setting "target.${unknown}".`, 'Beside "path" there is only "namespace".');
  }
  if (namespace !== undefined && namespace !== null && typeof namespace !== 'string') {
    throw invalid('"target.namespace" must be a string.', 'Name the namespace that the target is in.');
  }
  return { target: readPath(path), namespace: namespace ?? undefined };
}

function readPath(path: unknown): Target | undefined {
  if (path === undefined || path === null) return undefined;
  if (typeof path === 'string') return parseTarget(path);
  if (isObject(path)) return readTargetObject(path, 'target.path');
  throw invalid('"target.path" must be a string or an object.', form);
}

function readTargetObject(value: Record<string, unknown>, key: string): Target {
  const { container, ...others } = value;
  const [kindText, ...more] = Object.keys(others);
  const shown = JSON.stringify(value);
  if (kindText === undefined || more.length > 0) throw malformed(shown, key);
  if (container !== undefined && container !== null && typeof container !== 'string') throw malformed(shown, key);
  const what = others[kindText];
  if (kindText === 'labels') {
    if (!isObject(what)) throw malformed(shown, key);
    return labelled(what, container ?? undefined, shown);
  }
  const kind = namedKind(kindText, shown);
  if (typeof what !== 'string') throw malformed(shown, key);
  return named(kind, what, container ?? undefined, shown);
}

function namedKind(kindText: string, whole: string): NamedKind {
  const kind = kindOf.get(kindText);
  if (kind !== undefined) return kind;
  if (!whole.includes('/')) {
    throw new MirrordError('TARGET_INVALID', `The target "${whole}" does not say what kind of thing it is.`, {
      help: isName(whole, 253) ? `Write pod/${whole} or deployment/${whole}.` : form,
    });
  }
  const near = closest(kindText, [...namedKinds, 'labels']);
  throw new MirrordError('TARGET_INVALID', `The target "${whole}" is of a kind that does not exist: "${kindText}".`, {
    help: `Did you mean "${near}"? ${form}`,
  });
}

function named(kind: NamedKind, name: string, container: string | undefined, whole: string): NamedTarget {
  if (!isName(name, 253) || !isContainer(container)) throw malformed(whole);
  return container === undefined ? { kind, name } : { kind, name, container };
}

/** A label's key may hold a slash (`app.kubernetes.io/name`). */
function parseLabels(text: string): LabelsTarget {
  const [, list = '', container] = /^labels\/(.*?)(?:\/container\/([^/=,]*))?$/.exec(text) ?? [];
  const pairs = list.split(',').map((pair) => pair.split('='));
  if (pairs.some((pair) => pair.length !== 2)) throw malformed(text);
  return labelled(Object.fromEntries(pairs) as Record<string, string>, container, text);
}

function labelled(labels: Record<string, unknown>, container: string | undefined, whole: string): LabelsTarget {
  const pairs = Object.entries(labels);
  const isGood = ([key, value]: [string, unknown]) =>
    isLabelKey(key) && typeof value === 'string' && isLabelValue(value);
  if (pairs.length === 0 || !pairs.every(isGood) || !isContainer(container)) throw malformed(whole);
  const target = { kind: 'labels', labels: Object.fromEntries(pairs) as Record<string, string> } as const;
  return container === undefined ? target : { ...target, container };
}

/** A DNS subdomain as Kubernetes names are (RFC 1123): lower case, digits, `-` and `.`. */
function isName(text: string, maxLength: number): boolean {
  return text.length <= maxLength && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text);
}

function isContainer(container: string | undefined): boolean {
  return container === undefined || isName(container, 63);
}

function isLabelKey(key: string): boolean {
  return (
    key !== '__proto__' && /^([a-z0-9][-a-z0-9.]{0,252}\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(key)
  );
}

function isLabelValue(value: string): boolean {
  return /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(whole: string, key?: string): MirrordError {
  const where = key === undefined ? 'The target' : `"${key}":`;
  return new MirrordError('TARGET_INVALID', `${where} "${whole}" is not a target.`, { help: form });
}

function invalid(message: string, help: string): MirrordError {
  return new MirrordError('CONFIG_INVALID', message, { help });
}
