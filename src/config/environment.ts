// Which of the pod's environment variables the program gets, and what the configuration makes of them.
// The order is mirrord's: remote, env_file, mapping, override; then unset.

import type { EnvironmentConfig } from './session-config.ts';

/** mirrord's own: they describe the container's tools and folders, which are not on this machine. */
const excludedByMirrord = `
  PATH HOME HOMEPATH PWD CLASSPATH CATALINA_HOME JAVA_EXE JAVA_HOME JAVA_TOOL_OPTIONS _JAVA_OPTIONS PYTHONPATH
  GOPATH GOMODCACHE RUBYLIB RUBYOPT GEM_HOME GEM_PATH RUST_LOG MIRRORD_LOG DOTNET_EnableDiagnostics
  DOTNET_STARTUP_HOOKS BUNDLER_VERSION BUNDLE_APP_CONFIG BUNDLE_BIN_PATH BUNDLE_FORCE_RUBY_PLATFORM BUNDLE_GEMFILE
  BUNDLE_GEM_PATH BUNDLE_PATH BUNDLE_WITHOUT BUNDLER_ORIG_BUNDLER_ORIG_MANPATH BUNDLER_ORIG_BUNDLER_VERSION
  BUNDLER_ORIG_BUNDLE_BIN_PATH BUNDLER_ORIG_BUNDLE_GEMFILE BUNDLER_ORIG_GEM_HOME BUNDLER_ORIG_MANPATH
  BUNDLER_ORIG_PATH BUNDLER_ORIG_RB_USER_INSTALL BUNDLER_ORIG_RUBYLIB BUNDLER_ORIG_RUBYOPT
`;

/** Ours: they would change how the local node, npm, loader or shell works. HOSTNAME is not one of them. */
const excludedForNode = 'NODE_OPTIONS NODE_PATH npm_* LD_* TMPDIR TERM SHELL USER LOGNAME OLDPWD SHLVL _';

const excluded = wildcards(`${excludedByMirrord} ${excludedForNode}`.trim().split(/\s+/));

export type RemoteEnvironment = {
  /** To set in the program's environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** To remove from it. */
  readonly unset: readonly string[];
  /** Names that the pod has and the program does not get, for a debug line. Never values. */
  readonly leftOut: readonly string[];
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
  const wanted = selector(config, local);
  const variables = new Map<string, string>();
  const leftOut: string[] = [];

  for (const entry of remote) {
    const [name, value] = split(entry.toString('utf8'));
    if (name === '') continue;
    if (!wanted(name)) leftOut.push(name);
    // A name that is there twice: getenv(3) finds the first.
    else if (!variables.has(name)) variables.set(name, value);
  }
  for (const [name, value] of Object.entries(envFile)) variables.set(name, value);
  applyMapping(variables, config.mapping);
  for (const [name, value] of Object.entries(config.override)) variables.set(name, value);

  const unset = namesToUnset(config.unset, [...variables.keys(), ...Object.keys(local)]);
  for (const name of unset) variables.delete(name);
  return { variables: Object.fromEntries(variables), unset, leftOut };
}

function selector(config: EnvironmentConfig, local: NodeJS.ProcessEnv): (name: string) => boolean {
  const included = wildcards(config.include ?? ['*']);
  const excludedByUser = wildcards(config.exclude ?? []);
  return (name) => {
    // Who starts with NODE_ENV=test means the program, not the pod.
    if (name === 'NODE_ENV' && local.NODE_ENV !== undefined) return false;
    return !excluded(name) && !excludedByUser(name) && included(name);
  };
}

/** Whether a name matches one of the patterns, whole and case-sensitive: `*` any text, `?` one character. */
function wildcards(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${source}$`, 's');
  });
  return (name) => expressions.some((expression) => expression.test(name));
}

function applyMapping(variables: Map<string, string>, mapping: EnvironmentConfig['mapping']): void {
  const rules = mapping.map(([pattern, value]) => ({ expression: new RegExp(pattern), value }));
  for (const name of variables.keys()) {
    const rule = rules.find(({ expression }) => expression.test(name));
    if (rule !== undefined) variables.set(name, rule.value);
  }
}

function namesToUnset(asked: readonly string[], present: readonly string[]): string[] {
  const wanted = new Set(asked.map((name) => name.toLowerCase()));
  return [...new Set(present.filter((name) => wanted.has(name.toLowerCase())))];
}

function split(entry: string): [name: string, value: string] {
  const at = entry.indexOf('=');
  return at < 1 ? ['', ''] : [entry.slice(0, at), entry.slice(at + 1)];
}
