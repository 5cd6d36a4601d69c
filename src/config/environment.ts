// Which of the pod's environment variables the program gets, and what the configuration makes of them.
// The order is mirrord's: remote, env_file, mapping, override; then unset.

import { isLocalVariable } from './local-variables.ts';
import type { EnvironmentConfig } from './session-config.ts';
import { wildcards } from './wildcards.ts';

/** Who has the last word on a variable's value. */
export type VariableSource = 'pod' | 'env_file' | 'mapping' | 'override';

export type Variable = { readonly name: string; readonly value: string; readonly source: VariableSource };

/** Why the program does not get a variable that the pod has. */
export type LeftOutBecause = 'never comes' | 'include' | 'exclude' | 'set locally' | 'unset';

export type RemoteEnvironment = {
  /** To set in the program's environment; each name once, in the pod's order. */
  readonly variables: readonly Variable[];
  /** To remove from it. */
  readonly unset: readonly string[];
  /** What the pod has and the program does not get. Never with a value. */
  readonly leftOut: readonly { readonly name: string; readonly because: LeftOutBecause }[];
};

/**
 * @param remote `NAME=value` each, as /proc/PID/environ has it
 * @param local the program's environment before us
 * @param envFile the variables of the configuration's env_file
 */
export function remoteEnvironment(
  remote: readonly Buffer[],
  config: EnvironmentConfig,
  local: NodeJS.ProcessEnv,
  envFile: Readonly<Record<string, string>> = {},
): RemoteEnvironment {
  const reasonAgainst = selector(config, local);
  const variables = new Map<string, Variable>();
  const leftOut = new Map<string, LeftOutBecause>();
  const set = (name: string, value: string, source: VariableSource) => {
    variables.set(name, { name, value, source });
    leftOut.delete(name);
  };

  for (const entry of remote) {
    const [name, value] = split(entry.toString('utf8'));
    if (name === '') continue;
    const because = reasonAgainst(name);
    if (because !== undefined) leftOut.set(name, because);
    // A name that is there twice: getenv(3) finds the first.
    else if (!variables.has(name)) set(name, value, 'pod');
  }
  for (const [name, value] of Object.entries(envFile)) set(name, value, 'env_file');
  const mapped = valueByName(config.mapping);
  for (const name of variables.keys()) {
    const value = mapped(name);
    if (value !== undefined) set(name, value, 'mapping');
  }
  for (const [name, value] of Object.entries(config.override)) set(name, value, 'override');

  const unset = namesToUnset(config.unset, [...variables.keys(), ...Object.keys(local)]);
  for (const name of unset) {
    if (variables.delete(name)) leftOut.set(name, 'unset');
  }
  return {
    variables: [...variables.values()],
    unset,
    leftOut: Array.from(leftOut, ([name, because]) => ({ name, because })),
  };
}

function selector(config: EnvironmentConfig, local: NodeJS.ProcessEnv): (name: string) => LeftOutBecause | undefined {
  const included = wildcards(config.include ?? ['*']);
  const excluded = wildcards(config.exclude ?? []);
  return (name) => {
    if (isLocalVariable(name)) return 'never comes';
    // Who starts with NODE_ENV=test means the program, not the pod.
    if (name === 'NODE_ENV' && local.NODE_ENV !== undefined) return 'set locally';
    if (excluded(name)) return 'exclude';
    return included(name) ? undefined : 'include';
  };
}

function valueByName(mapping: EnvironmentConfig['mapping']): (name: string) => string | undefined {
  const rules = mapping.map(([pattern, value]) => ({ expression: new RegExp(pattern), value }));
  return (name) => rules.find(({ expression }) => expression.test(name))?.value;
}

function namesToUnset(asked: readonly string[], present: readonly string[]): string[] {
  const wanted = new Set(asked.map((name) => name.toLowerCase()));
  return [...new Set(present.filter((name) => wanted.has(name.toLowerCase())))];
}

function split(entry: string): [name: string, value: string] {
  const at = entry.indexOf('=');
  return at < 1 ? ['', ''] : [entry.slice(0, at), entry.slice(at + 1)];
}
