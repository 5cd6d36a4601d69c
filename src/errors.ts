// What the developer sees when something of ours goes wrong: a stable code, what happened, what to do.
// (What the program sees is a Node system error, made by the loader.)

/** The stable codes; docs/errors.md explains each. */
export type MirrordErrorCode =
  | 'AGENT_FAILED'
  | 'AGENT_GONE'
  | 'AGENT_IMAGE_MISSING'
  | 'CLUSTER_UNREACHABLE'
  | 'COMMAND_NOT_FOUND'
  | 'CONFIG_INVALID'
  | 'CONFIG_NOT_FOUND'
  | 'CONFIG_UNSUPPORTED'
  | 'CONTAINER_NOT_FOUND'
  | 'FORBIDDEN'
  | 'KUBECONFIG_INVALID'
  | 'KUBECONFIG_MISSING'
  | 'NAMESPACE_NOT_FOUND'
  | 'PORT_TAKEN'
  | 'PROTOCOL_MISMATCH'
  | 'SESSION_FAILED'
  | 'SUPERVISOR_UNAVAILABLE'
  | 'TARGET_INVALID'
  | 'TARGET_NOT_FOUND'
  | 'TARGET_NOT_RUNNING'
  | 'UNAUTHORIZED';

/** An error for the developer. `message` is one sentence on what happened, `help` one on what to do. */
export class MirrordError extends Error {
  override readonly name = 'MirrordError';
  readonly code: MirrordErrorCode;
  readonly help: string;

  constructor(code: MirrordErrorCode, message: string, options: { help: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = code;
    this.help = options.help;
  }

  /** What is reported, without mirrord's name before it. */
  get text(): string {
    return `${this.message} [${this.code}]\n         ${this.help}`;
  }

  /** The lines for a terminal. */
  format(): string {
    return `mirrord: ${this.text}\n`;
  }
}
