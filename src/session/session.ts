// A session from its configuration to a running proxy: cluster, target, agent, link, environment, proxy.

import fs from 'node:fs';
import type { SessionConfig } from '../config/session-config.ts';
import type { MirrordError } from '../errors.ts';
import type { LayerSettings, StartFile } from '../policy/layer-settings.ts';
import { type RunningProxy, startProxy } from '../proxy/proxy.ts';
import { makeSessionFolder } from '../proxy/slots.ts';
import { checkFilter } from './check-filter.ts';
import { distFolder } from './dist.ts';
import { type SessionEnvironment, sessionEnvironment } from './environment.ts';
import { Fleet } from './fleet.ts';
import { incomingSentence, wantedOfPorts } from './incoming.ts';
import { podMachine } from './machine.ts';
import { makeNodeShim } from './node-shim.ts';
import { fetchStartFiles } from './start-files.ts';
import { launcher, offerSupervision, type Supervision } from './supervision.ts';

export interface Session {
  /** For the environment of the programs that join. */
  readonly folder: string;
  readonly startFiles: readonly StartFile[];
  readonly environment: SessionEnvironment;
  /** Settles when the agent is gone before `close`: with the error for the developer. */
  readonly lost: Promise<MirrordError>;
  /** Ends the session, and removes the agent that nobody else uses. May be called twice. */
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
  for (const note of config.notes) report(note);
  await checkFilter(config);
  const fleet = await Fleet.open(config, report, signal);
  const folder = makeSessionFolder();
  try {
    makeNodeShim(folder);
    const link = fleet.links.main;
    const [environment, machine] = await Promise.all([
      sessionEnvironment(link, config.feature.env),
      podMachine(link, config.feature),
    ]);
    const startFiles = await fetchStartFiles(link, environment, folder);
    const proxy = await startProxy({
      links: fleet.links,
      folder,
      settings: { ...layerSettings(config), ...environmentSettings(environment), machine, startFiles },
      native: { roots: [process.cwd(), distFolder], launcher: launcher() },
      environment: () => environment,
      incoming: wantedOfPorts(config),
      report,
      ...(options.onLayers && { onLayers: options.onLayers }),
    });
    const supervision = await offerSupervision(folder, (error) => process.stderr.write(error.format()));
    report(`Ready. ${incomingSentence(config, fleet.share)}`);
    return { folder, startFiles, ...running(fleet, proxy, supervision, environment) };
  } catch (error) {
    fs.rmSync(folder, { recursive: true, force: true });
    await fleet.close();
    throw error;
  }
}

function running(
  fleet: Fleet,
  proxy: RunningProxy,
  supervision: Supervision,
  environment: SessionEnvironment,
): Running {
  let closing: Promise<void> | undefined;
  return {
    environment,
    lost: fleet.lost,
    close() {
      closing ??= (async () => {
        await supervision.close();
        proxy.close();
        await fleet.close();
      })();
      return closing;
    },
  };
}

type Running = Omit<Session, 'folder' | 'startFiles'>;

type FromThePod = 'machine' | 'startFiles' | 'productionFromPod';

function layerSettings({
  feature,
  skipProcesses,
}: SessionConfig): Omit<LayerSettings, 'token' | 'tcpPort' | 'nativePort' | FromThePod> {
  const { readonlyFileBuffer, ...files } = feature.fs;
  const { incoming, outgoing, dns } = feature.network;
  return {
    skipProcesses,
    files,
    prefetchBytes: readonlyFileBuffer,
    resolveNames: dns.enabled,
    outgoingTcp: outgoing.tcp,
    outgoingUdp: outgoing.udp,
    outgoingIgnoreLocalhost: outgoing.ignoreLocalhost,
    outgoingFilter: outgoing.filter,
    nameFilter: dns.filter,
    outgoingUnixStreams: outgoing.unixStreams,
    debuggerPorts: outgoing.debuggerPorts,
    incoming: { ...incoming, ports: incoming.ports },
  };
}

function environmentSettings({ set }: SessionEnvironment): Pick<LayerSettings, 'productionFromPod'> {
  return {
    productionFromPod: set.some(
      ({ name, value, source }) => name === 'NODE_ENV' && value === 'production' && source === 'pod',
    ),
  };
}
