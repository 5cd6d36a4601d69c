// The environment variables of mirrord that this version refuses: ignoring a filter, say, would take
// everybody's requests instead of the developer's own.

import { closest, distance } from 'fastest-levenshtein';
import { asBoolean, givenVariable, unsupported } from './given.ts';

/** Variables of mirrord that change what a session does to others, or to the program, and that we don't have. */
const unsupportedVariables = ['MIRRORD_HTTP_HEADER_FILTER_JQ', 'MIRRORD_FILE_OPS', 'MIRRORD_FILE_RO_OPS'];

/** Variables of mirrord that would change how a session works, and that we don't have. */
const otherVariables = [
  'MIRRORD_AGENT_CLEAN_IPTABLES_ON_START',
  'MIRRORD_AGENT_COMMUNICATION_TIMEOUT',
  'MIRRORD_AGENT_EXCLUDE_FROM_MESH',
  'MIRRORD_AGENT_EXTERNAL_IP_FIX',
  'MIRRORD_AGENT_JSON_LOG',
  'MIRRORD_AGENT_TTL',
  'MIRRORD_DETECT_DEBUGGER_PORT',
  'MIRRORD_ENABLE_IPV6',
  'MIRRORD_PROXY',
  'MIRRORD_SKIP_EXTRA_BUILD_TOOLS',
];

/** Variables that are read, or that ask for what this version does anyway; a typing mistake is near to one. */
const knownVariables = [
  'MIRRORD_ACCEPT_INVALID_CERTIFICATES',
  'MIRRORD_AGENT_HTTP_DETECTION_TIMEOUT',
  'MIRRORD_AGENT_IMAGE',
  'MIRRORD_AGENT_IMAGE_PULL_POLICY',
  'MIRRORD_AGENT_IMAGE_REGISTRY',
  'MIRRORD_AGENT_IMAGE_TAG',
  'MIRRORD_AGENT_NAMESPACE',
  'MIRRORD_AGENT_RUST_LOG',
  'MIRRORD_AGENT_STARTUP_TIMEOUT',
  'MIRRORD_AGENT_STEALER_FLUSH_CONNECTIONS',
  'MIRRORD_AGENT_TCP_STEAL_TRAFFIC',
  'MIRRORD_BRANCH_NAME',
  'MIRRORD_CONFIG_FILE',
  'MIRRORD_ENV_KEY',
  'MIRRORD_ENV_LOAD_FROM_PROCESS',
  'MIRRORD_FILE_LOCAL_PATTERN',
  'MIRRORD_FILE_MODE',
  'MIRRORD_FILE_READ_ONLY_PATTERN',
  'MIRRORD_FILE_READ_WRITE_PATTERN',
  'MIRRORD_HTTP_FILTER_PORTS',
  'MIRRORD_HTTP_HEADER_FILTER',
  'MIRRORD_HTTP_METHOD_FILTER',
  'MIRRORD_HTTP_PATH_FILTER',
  'MIRRORD_IGNORE_DEBUGGER_PORTS',
  'MIRRORD_IMPERSONATED_TARGET',
  'MIRRORD_KUBECONFIG',
  'MIRRORD_KUBE_CONTEXT',
  'MIRRORD_OPERATOR_ON_CONCURRENT_STEAL',
  'MIRRORD_OUTGOING_IGNORE_LOCALHOST',
  'MIRRORD_OUTGOING_REMOTE_UNIX_STREAMS',
  'MIRRORD_OVERRIDE_ENV_VARS_EXCLUDE',
  'MIRRORD_OVERRIDE_ENV_VARS_FILE',
  'MIRRORD_OVERRIDE_ENV_VARS_INCLUDE',
  'MIRRORD_REMOTE_DNS',
  'MIRRORD_REPLICAS',
  'MIRRORD_SKIP_PROCESSES',
  'MIRRORD_TARGET_NAMESPACE',
  'MIRRORD_TCP_OUTGOING',
  'MIRRORD_TELEMETRY',
  'MIRRORD_UDP_OUTGOING',
];

/** The same, where `false` is what this version does. */
const variablesOnlyFalse = ['MIRRORD_EPHEMERAL_CONTAINER', 'MIRRORD_MULTI_CLUSTER', 'MIRRORD_OPERATOR_ENABLE'];

/** @throws MirrordError `CONFIG_UNSUPPORTED` */
export function refuseUnsupportedVariables(env: NodeJS.ProcessEnv): void {
  for (const name of [...unsupportedVariables, ...otherVariables]) {
    const setting = givenVariable(env, name);
    if (setting !== undefined) throw unsupported(setting);
  }
  for (const name of variablesOnlyFalse) {
    const setting = givenVariable(env, name);
    if (setting !== undefined && asBoolean(setting) === true) throw unsupported(setting);
  }
}

/** Variables that nobody has, and that are nearly one that somebody has: a line each. */
export function variableNotes(env: NodeJS.ProcessEnv): string[] {
  const known = [...unsupportedVariables, ...otherVariables, ...knownVariables, ...variablesOnlyFalse];
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith('MIRRORD_') || known.includes(name)) return [];
    const near = closest(name, known);
    return distance(name, near) > 2 ? [] : [`The variable ${name} means nothing to mirrord; did you mean ${near}?`];
  });
}
