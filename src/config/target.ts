// What the user names as the target: `pod/NAME`, `deployment/NAME/container/C` or `targetless`, as text
// or as the object form of a configuration file.

import { closest } from 'fastest-levenshtein';
import { MirrordError } from '../errors.ts';

export type WorkloadTarget = {
  readonly kind: 'pod' | 'deployment';
  readonly name: string;
  readonly container?: string | undefined;
};

export type Target = { readonly kind: 'targetless' } | WorkloadTarget;

const kinds: Readonly<Record<string, WorkloadTarget['kind']>> = {
  pod: 'pod',
  po: 'pod',
  deployment: 'deployment',
  deploy: 'deployment',
};

/** Kinds that mirrord's configuration knows and this version does not target, in all their spellings. */
const laterKinds = new Set(
  'statefulset stateful_set sts daemonset daemon_set ds replicaset replica_set rs job cronjob cron_job cj service svc rollout labels'.split(
    ' ',
  ),
);

const form = 'Write pod/NAME, deployment/NAME, or either followed by /container/CONTAINER.';

/**
 * Reads a target's text form.
 * @throws MirrordError `TARGET_INVALID`, or `CONFIG_UNSUPPORTED` for a kind that is not there yet
 */
export function parseTarget(text: string): Target {
  if (text === 'targetless') return { kind: 'targetless' };
  const [kindText = '', name, keyword, container, ...rest] = text.split('/');
  const kind = workloadKind(kindText, text);
  if (name === undefined || rest.length > 0) throw malformed(text);
  if (keyword === undefined) return workload(kind, name, undefined, text);
  if (keyword !== 'container' || container === undefined) throw malformed(text);
  return workload(kind, name, container, text);
}

/** The text that `parseTarget` reads back as the same target. */
export function formatTarget(target: Target): string {
  if (target.kind === 'targetless') return 'targetless';
  const suffix = target.container === undefined ? '' : `/container/${target.container}`;
  return `${target.kind}/${target.name}${suffix}`;
}

/**
 * Reads the `target` of a configuration file: text, `{ pod, container }`, `{ deployment, container }`, or
 * one of these as `path` beside a `namespace`.
 * @throws MirrordError `TARGET_INVALID`, `CONFIG_UNSUPPORTED` or `CONFIG_INVALID`
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
  const kind = workloadKind(kindText, shown);
  const name = others[kindText];
  if (typeof name !== 'string') throw malformed(shown, key);
  if (container === undefined || container === null) return workload(kind, name, undefined, shown);
  if (typeof container !== 'string') throw malformed(shown, key);
  return workload(kind, name, container, shown);
}

function workloadKind(kindText: string, whole: string): WorkloadTarget['kind'] {
  const kind = Object.hasOwn(kinds, kindText) ? kinds[kindText] : undefined;
  if (kind !== undefined) return kind;
  if (laterKinds.has(kindText)) {
    throw new MirrordError('CONFIG_UNSUPPORTED', `The target "${whole}": ${kindText} is not supported yet.`, {
      help: 'This version targets pod and deployment; name a pod of it instead: pod/NAME.',
    });
  }
  if (!whole.includes('/')) {
    throw new MirrordError('TARGET_INVALID', `The target "${whole}" does not say what kind of thing it is.`, {
      help: isName(whole, 253) ? `Write pod/${whole} or deployment/${whole}.` : form,
    });
  }
  const near = closest(kindText, ['pod', 'deployment']);
  throw new MirrordError('TARGET_INVALID', `The target "${whole}" is of a kind that does not exist: "${kindText}".`, {
    help: `Did you mean "${near}"? ${form}`,
  });
}

function workload(
  kind: WorkloadTarget['kind'],
  name: string,
  container: string | undefined,
  whole: string,
): WorkloadTarget {
  if (!isName(name, 253) || (container !== undefined && !isName(container, 63))) throw malformed(whole);
  return container === undefined ? { kind, name } : { kind, name, container };
}

/** A DNS subdomain as Kubernetes names are (RFC 1123): lower case, digits, `-` and `.`. */
function isName(text: string, maxLength: number): boolean {
  return text.length <= maxLength && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text);
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
