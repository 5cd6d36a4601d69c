// Finds and loads the kubeconfig as kubectl does: the named file, $KUBECONFIG (a list, the first that says
// something counts), ~/.kube/config, the service account of the pod that we run in. Never a guess.

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Cluster, type Context, KubeConfig, type User } from '@kubernetes/client-node';
import { MirrordError } from '../errors.ts';

const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';

export type KubeconfigChoice = {
  /** Absolute path. */
  readonly path?: string | undefined;
  readonly context?: string | undefined;
  readonly acceptInvalidCertificates: boolean;
  readonly env: NodeJS.ProcessEnv;
};

/**
 * Loads the kubeconfig and makes the chosen context its current one.
 * @throws MirrordError `KUBECONFIG_MISSING` or `KUBECONFIG_INVALID`
 */
export function loadKubeconfig(choice: KubeconfigChoice): KubeConfig {
  const config = load(choice);
  config.setCurrentContext(chooseContext(config, choice.context));
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw invalid(
      `The context "${config.getCurrentContext()}" names a cluster that the kubeconfig does not describe.`,
      'See "kubectl config view"; name another context with --context.',
    );
  }
  adjustCluster(config, cluster, choice.acceptInvalidCertificates);
  return config;
}

function load({ path, env }: KubeconfigChoice): KubeConfig {
  if (path !== undefined) return mergeFiles([path], `The kubeconfig ${path} does not exist.`);
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  if (listed.length > 0) return mergeFiles(listed, `KUBECONFIG names ${listed.join(', ')}, which does not exist.`);
  const own = join(env.HOME ?? homedir(), '.kube', 'config');
  if (existsSync(own)) return mergeFiles([own], '');
  if (env.KUBERNETES_SERVICE_HOST !== undefined && existsSync(serviceAccountToken)) {
    const config = new KubeConfig();
    config.loadFromCluster();
    return config;
  }
  throw missing(`There is no kubeconfig: KUBECONFIG is not set and ${own} does not exist.`);
}

/** Several files as one; for a name that is there twice the first counts, as with kubectl. */
function mergeFiles(paths: readonly string[], message: string): KubeConfig {
  const parts = paths.filter((path) => existsSync(path)).map(loadFile);
  if (parts.length === 0) throw missing(message);
  const merged = new KubeConfig();
  merged.loadFromOptions({
    clusters: firstOfEachName<Cluster>(parts.flatMap((part) => part.clusters)),
    users: firstOfEachName<User>(parts.flatMap((part) => part.users)),
    contexts: firstOfEachName<Context>(parts.flatMap((part) => part.contexts)),
    currentContext: parts.map((part) => part.currentContext).find((name) => name !== undefined && name !== '') ?? '',
  });
  return merged;
}

function loadFile(path: string): KubeConfig {
  const config = new KubeConfig();
  try {
    // An entry that is broken spoils only itself.
    config.loadFromFile(path, { onInvalidEntry: 'filter' });
  } catch (error) {
    const [reason] = String((error as Error).message).split('\n');
    throw invalid(`The kubeconfig ${path} cannot be read (${reason}).`, 'Correct it, or name another one.', error);
  }
  return config;
}

function firstOfEachName<Entry extends { readonly name: string }>(entries: readonly Entry[]): Entry[] {
  const seen = new Map<string, Entry>();
  for (const entry of entries) if (!seen.has(entry.name)) seen.set(entry.name, entry);
  return [...seen.values()];
}

function chooseContext(config: KubeConfig, wanted: string | undefined): string {
  const names = config.contexts.map(({ name }) => name);
  const there = names.length === 0 ? 'The kubeconfig has no contexts.' : `There are: ${names.join(', ')}.`;
  const name = wanted ?? config.currentContext;
  if (name === undefined || name === '') {
    throw invalid('The kubeconfig has no current context.', `${there} Choose one with --context NAME.`);
  }
  if (!names.includes(name)) {
    throw invalid(`The kubeconfig has no context "${name}".`, `${there} Choose one with --context NAME.`);
  }
  return name;
}

function adjustCluster(config: KubeConfig, cluster: Cluster, acceptInvalidCertificates: boolean): void {
  // client-node refuses a plain http:// server (kubectl proxy) unless verification is off.
  if (acceptInvalidCertificates || cluster.server.startsWith('http:')) {
    config.clusters = config.clusters.map((entry) =>
      entry.name === cluster.name ? { ...entry, skipTLSVerify: true } : entry,
    );
  }
  // Without a user entry client-node would not use the cluster's certificate authority either.
  const userName = config.contexts.find(({ name }) => name === config.currentContext)?.user;
  if (userName !== undefined && config.getUser(userName) === null) {
    config.users = [...config.users, { name: userName }];
  }
}

function missing(message: string): MirrordError {
  return new MirrordError('KUBECONFIG_MISSING', message, {
    help: 'Set KUBECONFIG, or "kubeconfig" in the configuration file, to the file that kubectl uses.',
  });
}

function invalid(message: string, help: string, cause?: unknown): MirrordError {
  return new MirrordError('KUBECONFIG_INVALID', message, { help, cause });
}
