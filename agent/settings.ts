// What the agent is told by whoever starts it: environment variables, since a pod's manifest sets those
// and they survive a shell-less image.

export interface Settings {
  /** Port on the loopback of the agent's own network; 0 lets the kernel choose (the log says which). */
  readonly port: number;
  readonly target: TargetSetting;
  /** The agent ends itself after this time without a session, so that it can never be forgotten. */
  readonly idleMs: number;
}

export type TargetSetting =
  | { readonly kind: 'container'; readonly id: string }
  /** A process that is no container's: the demo's sandbox pod, and tests. */
  | { readonly kind: 'process'; readonly pid: number }
  /** No target: the agent is in its own pod only, without any right. */
  | { readonly kind: 'none' };

/** @throws Error naming the variable that is missing or wrong */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  return {
    port: wholeNumber(environment, 'MIRRORD_AGENT_PORT', { max: 65_535 }),
    target: readTarget(environment),
    idleMs: 1000 * wholeNumber(environment, 'MIRRORD_AGENT_IDLE_S', { max: 86_400, fallback: 10 }),
  };
}

function readTarget(environment: NodeJS.ProcessEnv): TargetSetting {
  if (environment.MIRRORD_AGENT_TARGETLESS === 'true') return { kind: 'none' };
  const id = environment.MIRRORD_AGENT_CONTAINER_ID;
  if (id === undefined) {
    return { kind: 'process', pid: wholeNumber(environment, 'MIRRORD_AGENT_TARGET_PID', { max: 2 ** 22 }) };
  }
  if (!/^[0-9a-f]{64}$/.test(id)) throw new Error(`MIRRORD_AGENT_CONTAINER_ID is no container id: "${id}"`);
  return { kind: 'container', id };
}

function wholeNumber(
  environment: NodeJS.ProcessEnv,
  name: string,
  { max, fallback }: { readonly max: number; readonly fallback?: number },
): number {
  const text = environment[name];
  if (text === undefined && fallback !== undefined) return fallback;
  const value = Number(text);
  if (text === undefined || !/^\d+$/.test(text) || value > max) {
    throw new Error(`${name} is to be a whole number up to ${max}, not "${text ?? ''}"`);
  }
  return value;
}
