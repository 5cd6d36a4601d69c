// Where the session's agents are: temporary pods beside those of the target, or one that runs already
// (MIRRORD_CONNECT_TCP: the demo's sandbox pod, tests).

import net from 'node:net';
import type { Duplex } from 'node:stream';
import type { SessionConfig } from '../config/session-config.ts';
import { MirrordError } from '../errors.ts';

export interface AgentPlace {
  /** Those that run, best first. */
  readonly pods: readonly [PodPlace, ...PodPlace[]];
  /** For a target whose pods come and go: tells those that run, at each change. @returns stops it */
  readonly follow?: (changed: (pods: readonly PodPlace[]) => void) => () => void;
}

/** A pod of the target that can have an agent. */
export interface PodPlace {
  /** Differs for each pod, and for each start of its container. */
  readonly id: string;
  readonly name: string;
  /** @throws MirrordError; nothing is left in the cluster then */
  start(report: (line: string) => void, signal: AbortSignal): Promise<AgentSite>;
}

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

/** @throws MirrordError */
export async function findAgentPlace(config: SessionConfig, report: (line: string) => void): Promise<AgentPlace> {
  if (config.connectTcp !== undefined) {
    const site = runningAgent(config.connectTcp);
    return { pods: [{ id: '', name: site.name, start: () => Promise.resolve(site) }] };
  }
  // Loaded here: the Kubernetes client alone costs 400 ms of start-up.
  const { placeInCluster } = await import('./cluster-agent.ts');
  return placeInCluster(config, report);
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
