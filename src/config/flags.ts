// What the command line gives: the flags of `mirrord exec` and the commands beside it, with mirrord's names.

/** The flags of all commands, as commander names them. */
export type Flags = {
  readonly target?: string | undefined;
  readonly key?: string | undefined;
  readonly targetNamespace?: string | undefined;
  readonly agentNamespace?: string | undefined;
  readonly agentImage?: string | undefined;
  readonly agentLogLevel?: string | undefined;
  /** Seconds. */
  readonly agentStartupTimeout?: string | number | undefined;
  /** True when `-f` stands alone. */
  readonly configFile?: string | true | undefined;
  readonly context?: string | undefined;
  readonly steal?: boolean | undefined;
  /** `all` or a number. */
  readonly replicas?: string | undefined;
  readonly fsMode?: string | undefined;
  readonly overrideEnvVarsInclude?: string | undefined;
  readonly overrideEnvVarsExclude?: string | undefined;
  readonly envFile?: string | undefined;
  readonly noRemoteDns?: boolean | undefined;
  readonly noOutgoing?: boolean | undefined;
  readonly noTcpOutgoing?: boolean | undefined;
  readonly noUdpOutgoing?: boolean | undefined;
  readonly acceptInvalidCertificates?: boolean | undefined;
  readonly skipProcesses?: string | undefined;
};

/** What `resolveConfig` weighs. */
export type Sources = {
  readonly flags: Flags;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
};
