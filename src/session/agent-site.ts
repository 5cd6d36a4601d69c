// Where the session's agent is: a temporary pod beside the target, or one that runs already
// (MIRRORD_CONNECT_TCP: the demo's sandbox pod, tests).

import net from 'node:net';
import type { Duplex } from 'node:stream';
import type { SessionConfig } from '../config/session-config.ts';
import { MirrordError } from '../errors.ts';

export interface AgentSite {
  /** For sentences: `the agent pod mirrord-agent-…`. */
  readonly name: string;
  /** What to do when this agent does not serve. */
  readonly help: string;
  /** Connects, and does `handshake` over the connection: only its answer says that somebody is there. */
  open<Opened>(handshake: (transport: Duplex) => Promise<Opened>): Promise<Opened>;
  /** It was made for this session, though others may have joined it since. */
  readonly created: boolean;
  /** Its last session ends it; not so one that somebody else runs. */
  readonly endsWithSessions: boolean;
  /** False when it has ended or is ending. */
  isLiving(): Promise<boolean>;
  /** Removes the agent, whoever made it; may be called twice. */
  remove(): Promise<void>;
}

/** @throws MirrordError; nothing is left in the cluster then */
export async function findAgentSite(
  config: SessionConfig,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<AgentSite> {
  if (config.connectTcp !== undefined) return runningAgent(config.connectTcp);
  // Loaded here: the Kubernetes client alone costs 400 ms of start-up.
  const { agentInCluster } = await import('./cluster-agent.ts');
  return agentInCluster(config, report, signal);
}

function runningAgent(address: { readonly host: string; readonly port: number }): AgentSite {
  const name = `the agent at ${address.host}:${address.port}`;
  const help = 'Check MIRRORD_CONNECT_TCP, or unset it to get an agent of your own.';
  return {
    name,
    help,
    created: false,
    endsWithSessions: false,
    isLiving: () => Promise.resolve(true),
    open: (handshake) =>
      new Promise((resolve, reject) => {
        const socket = net.connect({ ...address, noDelay: true });
        socket.once('connect', () => handshake(socket).then(resolve, reject));
        socket.once('error', (cause) => {
          reject(new MirrordError('AGENT_FAILED', `Nobody answers as ${name}: ${cause.message}.`, { help, cause }));
        });
      }),
    remove: () => Promise.resolve(),
  };
}
