// The part of `resolveConfig` that says what is remote: environment, files, network.

import { MirrordError } from '../errors.ts';
import { type Filter, namesWithOutgoing } from '../policy/network.ts';
import { absolute } from './absolute.ts';
import type { Sources } from './flags.ts';
import { asBoolean, asChoice, asList, asPortRanges, given, givenVariable } from './given.ts';
import { resolveHttpFilter } from './http-filter.ts';
import type { FileSettings } from './schema.ts';
import { defaults, type EnvironmentConfig, type FilesConfig, type NetworkConfig } from './session-config.ts';

type FeatureSettings = NonNullable<FileSettings['feature']>;

export function resolveEnvironment(
  { flags, env, cwd }: Sources,
  file: NonNullable<FeatureSettings['env']>,
): EnvironmentConfig {
  const include = asList(
    given(flags.overrideEnvVarsInclude, '--override-env-vars-include', env, 'MIRRORD_OVERRIDE_ENV_VARS_INCLUDE'),
  );
  const exclude = asList(
    given(flags.overrideEnvVarsExclude, '--override-env-vars-exclude', env, 'MIRRORD_OVERRIDE_ENV_VARS_EXCLUDE'),
  );
  const envFile = given(flags.envFile, '--env-file', env, 'MIRRORD_OVERRIDE_ENV_VARS_FILE')?.value ?? file.env_file;
  const config = {
    include: include ?? splitAll(file.include),
    exclude: exclude ?? splitAll(file.exclude),
    override: file.override ?? {},
    unset: file.unset ?? [],
    mapping: Object.entries(file.mapping ?? {}),
    envFile: envFile === undefined ? undefined : absolute(envFile, cwd),
    loadFromProcess: asBoolean(givenVariable(env, 'MIRRORD_ENV_LOAD_FROM_PROCESS')) ?? file.load_from_process ?? false,
  };
  refuseBoth('feature.env.include', config.include, 'feature.env.exclude', config.exclude);
  return config;
}

export function resolveFiles({ flags, env }: Sources, file: NonNullable<FeatureSettings['fs']>): FilesConfig {
  const mode = asChoice(
    given(flags.fsMode, '--fs-mode', env, 'MIRRORD_FILE_MODE'),
    ['read', 'write', 'local', 'localwithoverrides'],
    [],
  );
  return {
    mode: mode ?? file.mode ?? 'read',
    readWrite: asList(givenVariable(env, 'MIRRORD_FILE_READ_WRITE_PATTERN')) ?? file.read_write ?? [],
    readOnly: asList(givenVariable(env, 'MIRRORD_FILE_READ_ONLY_PATTERN')) ?? file.read_only ?? [],
    local: asList(givenVariable(env, 'MIRRORD_FILE_LOCAL_PATTERN')) ?? file.local ?? [],
    notFound: file.not_found ?? [],
    mapping: Object.entries(file.mapping ?? {}),
    readonlyFileBuffer: file.readonly_file_buffer ?? defaults.readonlyFileBuffer,
  };
}

export function resolveNetwork({ flags, env }: Sources, file: NonNullable<FeatureSettings['network']>): NetworkConfig {
  const stealFlag = flags.steal === true ? 'steal' : undefined;
  const incoming = asChoice(given(stealFlag, '--steal', env, 'MIRRORD_AGENT_TCP_STEAL_TRAFFIC'), [
    'mirror',
    'steal',
    'off',
    'true',
    'false',
  ]);
  // As in mirrord, whose variable was once about stealing or not.
  const mode = incoming === 'true' ? 'steal' : incoming === 'false' ? 'mirror' : incoming;
  refuseBoth('feature.network.incoming.ports', file.incoming?.ports, 'ignore_ports', file.incoming?.ignore_ports);
  return {
    interfaces: file.interfaces ?? false,
    incoming: {
      mode: mode ?? file.incoming?.mode ?? 'mirror',
      httpFilter: resolveHttpFilter(env, file.incoming?.http_filter ?? {}),
      probes: file.incoming?.probes ?? false,
      ports: file.incoming?.ports,
      ignorePorts: file.incoming?.ignore_ports ?? [],
      ignoreLocalhost: file.incoming?.ignore_localhost ?? false,
      portMapping: file.incoming?.port_mapping ?? [],
      listenPorts: file.incoming?.listen_ports ?? [],
      onConcurrentSteal:
        asChoice(givenVariable(env, 'MIRRORD_OPERATOR_ON_CONCURRENT_STEAL'), ['abort', 'continue', 'override']) ??
        file.incoming?.on_concurrent_steal ??
        'abort',
    },
    ...resolveOutgoing({ flags, env }, file),
  };
}

function resolveOutgoing(
  { flags, env }: Pick<Sources, 'flags' | 'env'>,
  { outgoing = {}, dns = {} }: NonNullable<FeatureSettings['network']>,
): Pick<NetworkConfig, 'outgoing' | 'dns'> {
  const tcpFlag = flags.noOutgoing === true || flags.noTcpOutgoing === true ? false : undefined;
  const udpFlag = flags.noOutgoing === true || flags.noUdpOutgoing === true ? false : undefined;
  const dnsFlag = flags.noRemoteDns === true ? false : undefined;
  const filter = asFilter(outgoing.filter);
  return {
    outgoing: {
      tcp: tcpFlag ?? asBoolean(givenVariable(env, 'MIRRORD_TCP_OUTGOING')) ?? outgoing.tcp ?? true,
      udp: udpFlag ?? asBoolean(givenVariable(env, 'MIRRORD_UDP_OUTGOING')) ?? outgoing.udp ?? true,
      // mirrord goes by this variable's presence.
      ignoreLocalhost:
        givenVariable(env, 'MIRRORD_OUTGOING_IGNORE_LOCALHOST') !== undefined || (outgoing.ignore_localhost ?? false),
      filter,
      unixStreams: asList(givenVariable(env, 'MIRRORD_OUTGOING_REMOTE_UNIX_STREAMS')) ?? outgoing.unix_streams ?? [],
      debuggerPorts: asPortRanges(givenVariable(env, 'MIRRORD_IGNORE_DEBUGGER_PORTS')) ?? [],
    },
    dns: {
      enabled: dnsFlag ?? asBoolean(givenVariable(env, 'MIRRORD_REMOTE_DNS')) ?? dns.enabled ?? true,
      filter: namesWithOutgoing(asFilter(dns.filter), filter),
    },
  };
}

type FilterSetting = NonNullable<NonNullable<NonNullable<FeatureSettings['network']>['outgoing']>['filter']>;

function asFilter(setting: FilterSetting | undefined): Filter | undefined {
  const { remote, local } = setting ?? {};
  if (remote !== undefined) return { side: 'remote', entries: remote };
  return local === undefined ? undefined : { side: 'local', entries: local };
}

function refuseBoth(oneName: string, one: unknown, otherName: string, other: unknown): void {
  if (one === undefined || other === undefined) return;
  throw new MirrordError('CONFIG_INVALID', `Both "${oneName}" and "${otherName}" are set; they exclude each other.`, {
    help: 'Keep one of them (flags and MIRRORD_… variables count as well).',
  });
}

/** In a file, too, mirrord takes `A;B` for two names. */
function splitAll(list: readonly string[] | undefined): string[] | undefined {
  return list?.flatMap((item) => item.split(';')).filter((item) => item !== '');
}
