// A session from its configuration to a running proxy: cluster, target, agent, link, environment, proxy.

import type { SessionConfig } from '../config/session-config.ts';
import { MirrordError } from '../errors.ts';
import type { LayerSettings } from '../policy/layer-settings.ts';
import type { Link } from '../protocol/link.ts';
import { type RunningProxy, startProxy } from '../proxy/proxy.ts';
import { type AgentSite, findAgentSite } from './agent-site.ts';
import { type SessionEnvironment, sessionEnvironment } from './environment.ts';
import { openLink } from './open-link.ts';

export interface Session {
  /** For the environment of the programs that join. */
  readonly folder: string;
  readonly environment: SessionEnvironment;
  /** Settles when the agent is gone before `close`: with the error for the developer. */
  readonly lost: Promise<MirrordError>;
  /** Ends the session and removes the agent. May be called twice. */
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly config: SessionConfig;
  /** One line on what is happening, for the terminal. */
  readonly report: (line: string) => void;
  /** Stops the start; what was made until then is removed. */
  readonly signal: AbortSignal;
  readonly onLayers?: (count: number) => void;
}

/** @throws MirrordError, or the signal's reason; nothing is left behind then */
export async function startSession(options: SessionOptions): Promise<Session> {
  try {
    return await start(options);
  } catch (error) {
    options.signal.throwIfAborted(); // what failed because it was stopped is no failure
    throw error;
  }
}

async function start(options: SessionOptions): Promise<Session> {
  const { config, report, signal } = options;
  const site = await findAgentSite(config, report, signal);
  let link: Link | undefined;
  try {
    link = await openLink(site, signal);
    const environment = await sessionEnvironment(link, config.feature.env);
    const proxy = await startProxy({
      link,
      settings: layerSettings(config),
      environment: () => environment,
      ...(options.onLayers && { onLayers: options.onLayers }),
    });
    report(`Ready. ${incomingSentence(config)}`);
    return running(site, link, proxy, environment);
  } catch (error) {
    link?.close();
    await site.remove();
    throw error;
  }
}

function running(site: AgentSite, link: Link, proxy: RunningProxy, environment: SessionEnvironment): Session {
  let closing: Promise<void> | undefined;
  return {
    folder: proxy.folder,
    environment,
    lost: new Promise((settle) => {
      void link.closed.then((reason) => {
        if (closing === undefined) settle(agentGone(site, reason));
      });
    }),
    close() {
      closing ??= (async () => {
        proxy.close();
        link.close();
        await site.remove();
      })();
      return closing;
    },
  };
}

function agentGone(site: AgentSite, reason: Error | undefined): MirrordError {
  return new MirrordError('AGENT_GONE', `The connection to ${site.name} has ended: ${reason?.message ?? 'closed'}.`, {
    help: 'Calls to the pod fail from here on, and the pod answers its own requests again; start again for a new session.',
    cause: reason,
  });
}

function layerSettings({ feature }: SessionConfig): Omit<LayerSettings, 'token' | 'tcpPort'> {
  const { mode, readWrite, readOnly, local, notFound, mapping, readonlyFileBuffer } = feature.fs;
  const { incoming, outgoing, dns } = feature.network;
  return {
    files: { mode, readWrite, readOnly, local, notFound, mapping },
    prefetchBytes: readonlyFileBuffer,
    resolveNames: dns.enabled,
    outgoingTcp: outgoing.tcp,
    outgoingUdp: outgoing.udp,
    outgoingIgnoreLocalhost: outgoing.ignoreLocalhost,
    incoming: { ...incoming, ignoreLocalhost: false, ports: incoming.ports },
  };
}

function incomingSentence({ feature }: SessionConfig): string {
  return feature.network.incoming.mode === 'steal'
    ? 'Requests to the ports that the program listens on come here.'
    : 'Requests to the pod stay with the pod; --steal brings them here.';
}
