// Weighs flags, environment variables, file and defaults (in this order, as mirrord does) into the one
// SessionConfig that everything else reads.

import { MirrordError } from '../errors.ts';
import { absolute } from './absolute.ts';
import { readConfigFile } from './file.ts';
import type { Sources } from './flags.ts';
import { asAddress, asBoolean, asChoice, asList, asReplicas, asSeconds, given, givenVariable } from './given.ts';
import { resolveEnvironment, resolveFiles, resolveNetwork } from './resolve-features.ts';
import type { FileSettings } from './schema.ts';
import { type AgentConfig, defaultAgentImage, defaults, type SessionConfig } from './session-config.ts';
import { parseTarget, readTargetSetting, type Target } from './target.ts';
import { refuseUnsupportedVariables, variableNotes } from './unsupported-variables.ts';

export type { Flags } from './flags.ts';
export type { SessionConfig } from './session-config.ts';

/** @throws MirrordError with a code of `CONFIG_…` or `TARGET_…`, naming the flag, variable or setting */
export function resolveConfig(sources: Sources): SessionConfig {
  const { flags, env, cwd } = sources;
  refuseUnsupportedVariables(env);
  const givenKey = given(flags.key, '--key', env, 'MIRRORD_ENV_KEY')?.value;
  const { settings: file, key, newKeyUsed } = readConfigFile(flags.configFile, givenKey, cwd, env);
  const connectTcp = asAddress(givenVariable(env, 'MIRRORD_CONNECT_TCP'));
  const kubeconfig = givenVariable(env, 'MIRRORD_KUBECONFIG')?.value ?? file.kubeconfig;

  return withoutTarget({
    key,
    notes: [...(newKeyUsed ? [`The session's key is "${key}"; -k chooses another.`] : []), ...variableNotes(env)],
    ...resolveTargetSetting(sources, file, connectTcp !== undefined),
    replicas: asReplicas(given(flags.replicas, '--replicas', env, 'MIRRORD_REPLICAS')) ?? 'all',
    connectTcp,
    kubeconfig: kubeconfig === undefined ? undefined : absolute(kubeconfig, cwd),
    kubeContext: given(flags.context, '--context', env, 'MIRRORD_KUBE_CONTEXT')?.value ?? file.kube_context,
    acceptInvalidCertificates:
      flags.acceptInvalidCertificates ??
      asBoolean(givenVariable(env, 'MIRRORD_ACCEPT_INVALID_CERTIFICATES')) ??
      file.accept_invalid_certificates ??
      false,
    skipProcesses:
      asList(given(flags.skipProcesses, '--skip-processes', env, 'MIRRORD_SKIP_PROCESSES')) ??
      file.skip_processes ??
      [],
    agent: resolveAgent(sources, file.agent ?? {}),
    feature: {
      hostname: file.feature?.hostname ?? true,
      env: resolveEnvironment(sources, file.feature?.env ?? {}),
      fs: resolveFiles(sources, file.feature?.fs ?? {}),
      network: resolveNetwork(sources, file.feature?.network ?? {}),
    },
  });
}

function resolveTargetSetting(
  { flags, env }: Sources,
  file: FileSettings,
  joinsAgent: boolean,
): { target: Target | undefined; targetNamespace: string | undefined } {
  const inFile = readTargetSetting(file.target);
  const text = given(flags.target, '--target', env, 'MIRRORD_IMPERSONATED_TARGET');
  const target = text === undefined ? inFile.target : parseTarget(text.value);
  const targetNamespace =
    given(flags.targetNamespace, '--target-namespace', env, 'MIRRORD_TARGET_NAMESPACE')?.value ?? inFile.namespace;
  // As in mirrord: who names no target wants the cluster's network only.
  return { target: target ?? (joinsAgent ? undefined : { kind: 'targetless' }), targetNamespace };
}

/** What a session without a target cannot have, and what it has instead. @throws MirrordError `CONFIG_INVALID` */
function withoutTarget(config: SessionConfig): SessionConfig {
  if (config.target?.kind !== 'targetless') return config;
  const { fs, network } = config.feature;
  if (network.incoming.mode === 'steal') {
    throw new MirrordError(
      'CONFIG_INVALID',
      'Requests cannot be stolen without a target: nothing says from which pod.',
      {
        help: 'Name one: -t deployment/NAME, MIRRORD_IMPERSONATED_TARGET, or "target" in the configuration file.',
      },
    );
  }
  // The agent's own files are no use to anybody; only what a pattern names, and its resolv.conf.
  const mode = fs.mode === 'local' ? 'local' : 'localwithoverrides';
  return {
    ...config,
    feature: {
      ...config.feature,
      fs: { ...fs, mode },
      network: { ...network, incoming: { ...network.incoming, mode: 'off' }, interfaces: false },
      hostname: false,
    },
  };
}

function resolveAgent({ flags, env }: Sources, file: NonNullable<FileSettings['agent']>): AgentConfig {
  const variable = (name: string) => givenVariable(env, name);
  return {
    namespace:
      given(flags.agentNamespace, '--agent-namespace', env, 'MIRRORD_AGENT_NAMESPACE')?.value ?? file.namespace,
    image:
      given(flags.agentImage, '--agent-image', env, 'MIRRORD_AGENT_IMAGE')?.value ?? imageReference(env, file.image),
    imagePullPolicy:
      asChoice(variable('MIRRORD_AGENT_IMAGE_PULL_POLICY'), ['IfNotPresent', 'Always', 'Never']) ??
      file.image_pull_policy ??
      defaults.imagePullPolicy,
    imagePullSecrets: (file.image_pull_secrets ?? []).map(({ name }) => name),
    startupTimeoutSeconds:
      asSeconds(given(flags.agentStartupTimeout, '--agent-startup-timeout', env, 'MIRRORD_AGENT_STARTUP_TIMEOUT')) ??
      file.startup_timeout ??
      defaults.startupTimeoutSeconds,
    labels: file.labels ?? {},
    annotations: file.annotations ?? {},
    serviceAccount: file.service_account,
    priorityClass: file.priority_class,
    tolerations: file.tolerations ?? defaults.tolerations,
    resources: file.resources ?? defaults.resources,
    logLevel:
      asChoice(given(flags.agentLogLevel, '--agent-log-level', env, 'MIRRORD_AGENT_RUST_LOG'), [
        'off',
        'error',
        'warn',
        'info',
        'debug',
        'trace',
      ]) ??
      file.log_level ??
      defaults.logLevel,
    flushConnections: asBoolean(variable('MIRRORD_AGENT_STEALER_FLUSH_CONNECTIONS')) ?? file.flush_connections ?? true,
    httpDetectionTimeoutMs:
      1000 *
      (asSeconds(variable('MIRRORD_AGENT_HTTP_DETECTION_TIMEOUT')) ??
        file.http_detection_timeout ??
        defaults.httpDetectionTimeoutSeconds),
    maxBodyBufferBytes: file.max_body_buffer_size ?? defaults.maxBodyBufferBytes,
    maxBodyBufferMs: file.max_body_buffer_timeout ?? defaults.maxBodyBufferMs,
  };
}

type ImageSetting = NonNullable<FileSettings['agent']>['image'];

function imageReference(env: NodeJS.ProcessEnv, image: ImageSetting): string {
  const registryVariable = givenVariable(env, 'MIRRORD_AGENT_IMAGE_REGISTRY')?.value;
  const tagVariable = givenVariable(env, 'MIRRORD_AGENT_IMAGE_TAG')?.value;
  if (image !== undefined && 'reference' in image) return image.reference;
  const lastColon = defaultAgentImage.lastIndexOf(':');
  const registry = registryVariable ?? image?.registry ?? defaultAgentImage.slice(0, lastColon);
  const tag = tagVariable ?? image?.tag ?? defaultAgentImage.slice(lastColon + 1);
  return `${registry}:${tag}`;
}
