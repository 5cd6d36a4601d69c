// The settings of one session after flags, environment, file and defaults were weighed: plain data that
// can be sent to another process as JSON. Nothing below `src/config` asks where a value came from.

import type { Filter } from '../policy/network.ts';
import type { PathRules } from '../policy/paths.ts';
import { productVersion } from '../protocol/hello.ts';
import type { ResolvedHttpFilter } from './http-filter.ts';
import type { Target } from './target.ts';

/** The agent's image unless another one is named; the tag is this build's own version. */
export const defaultAgentImage = `docker.io/mirrord/node-agent:${productVersion}`;

export type Toleration = {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly value?: string | undefined;
  readonly effect?: string | undefined;
  readonly tolerationSeconds?: number | undefined;
};

export type Resources = {
  readonly requests?: Readonly<Record<string, string>> | undefined;
  readonly limits?: Readonly<Record<string, string>> | undefined;
};

export type LogLevel = 'off' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

export type AgentConfig = {
  /** The namespace that the agent's Job is made in; without it, the target's. */
  readonly namespace?: string | undefined;
  readonly image: string;
  readonly imagePullPolicy: 'IfNotPresent' | 'Always' | 'Never';
  readonly imagePullSecrets: readonly string[];
  readonly startupTimeoutSeconds: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount?: string | undefined;
  readonly priorityClass?: string | undefined;
  readonly tolerations: readonly Toleration[];
  readonly resources: Resources;
  readonly logLevel: LogLevel;
  /** Idle connections to a stolen port from before are closed. */
  readonly flushConnections: boolean;
  readonly httpDetectionTimeoutMs: number;
  /** What a body filter may wait for. */
  readonly maxBodyBufferBytes: number;
  readonly maxBodyBufferMs: number;
};

/** Patterns are regular expressions; `include`/`exclude` are names with the wildcards `*` and `?`. */
export type EnvironmentConfig = {
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly override: Readonly<Record<string, string>>;
  readonly unset: readonly string[];
  /** Pattern of a name, new value; the first that matches counts. */
  readonly mapping: readonly (readonly [pattern: string, value: string])[];
  /** Absolute path of a dotenv file. */
  readonly envFile?: string | undefined;
  /** True: a Node program fetches them itself when it starts, so that programs before it do not have them. */
  readonly loadFromProcess: boolean;
};

/** The rules that layers apply, and how much of a file comes with its opening. */
export type FilesConfig = PathRules & {
  /** Bytes read ahead of a file that is read; 0 is none. */
  readonly readonlyFileBuffer: number;
};

export type NetworkConfig = {
  /** True: os.networkInterfaces() gives the pod's. */
  readonly interfaces: boolean;
  readonly incoming: {
    readonly mode: 'steal' | 'mirror' | 'off';
    readonly httpFilter: ResolvedHttpFilter;
    /** The kubelet's probes are requests as others are. */
    readonly probes: boolean;
    /** Only these ports of the pod; undefined is every port that the program listens on. */
    readonly ports?: readonly number[] | undefined;
    readonly ignorePorts: readonly number[];
    readonly ignoreLocalhost: boolean;
    /** Local port of the program, port of the pod. */
    readonly portMapping: readonly (readonly [local: number, remote: number])[];
    /** Port that the program asks for, port of this machine. */
    readonly listenPorts: readonly (readonly [asked: number, local: number])[];
    /** Another developer has the port already: leave it, go before them while this session lasts, or take it over. */
    readonly onConcurrentSteal: 'abort' | 'continue' | 'override';
  };
  readonly outgoing: {
    readonly tcp: boolean;
    readonly udp: boolean;
    readonly ignoreLocalhost: boolean;
    readonly filter?: Filter | undefined;
    /** Patterns over paths, `@NAME` for abstract ones. */
    readonly unixStreams: readonly string[];
    /** Ranges of debuggers' ports, which stay local on loopback. */
    readonly debuggerPorts: readonly (readonly [from: number, to: number])[];
  };
  readonly dns: { readonly enabled: boolean; readonly filter?: Filter | undefined };
};

export type SessionConfig = {
  /** Tells the developer's session from others, in the templates of the configuration file. */
  readonly key: string;
  /** What the developer should know of the settings: a line each. */
  readonly notes: readonly string[];
  /** Undefined only with `connectTcp`. */
  readonly target?: Target | undefined;
  /** Undefined is the namespace of the kubeconfig's context. */
  readonly targetNamespace?: string | undefined;
  /** How many pods of the target the requests come from, when they come. */
  readonly replicas: 'all' | number;
  /** An agent that listens there already is joined instead of making one. */
  readonly connectTcp?: { readonly host: string; readonly port: number } | undefined;
  /** Absolute path; undefined is $KUBECONFIG or ~/.kube/config. */
  readonly kubeconfig?: string | undefined;
  readonly kubeContext?: string | undefined;
  readonly acceptInvalidCertificates: boolean;
  /** Programs (by the name of their file, or of their script) that stay on this machine. */
  readonly skipProcesses: readonly string[];
  readonly agent: AgentConfig;
  readonly feature: {
    readonly env: EnvironmentConfig;
    readonly fs: FilesConfig;
    readonly network: NetworkConfig;
    /** True: os.hostname() gives the pod's. */
    readonly hostname: boolean;
  };
};

/** mirrord's defaults where a Node developer is served by them (docs/differences.md has the others). */
export const defaults = {
  startupTimeoutSeconds: 60,
  imagePullPolicy: 'IfNotPresent',
  logLevel: 'info',
  tolerations: [{ operator: 'Exists' }],
  // mirrord limits its agent to 100Mi. Ours is a Node process: about 45 MB before it does anything, plus
  // the buffers of each session.
  resources: { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '1', memory: '256Mi' } },
  readonlyFileBuffer: 128_000,
  httpDetectionTimeoutSeconds: 2,
  maxBodyBufferBytes: 65_535,
  maxBodyBufferMs: 1000,
} as const;
