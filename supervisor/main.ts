// The supervisor of programs that do not use libc (static ones, Go): a thread of the process that has the session's
// proxy, started with the first such program. It answers the calls that the filter of native/seccomp/launch.c stops.
// A thread of that process, since a program's memory may often be read by its ancestors only (Yama).

import { parentPort, workerData } from 'node:worker_threads';
import { createPathPolicy } from '../src/policy/paths.ts';
import { type Addon, loadAddon } from './addon.ts';
import type { Handler } from './call.ts';
import { fileHandlers } from './files/handlers.ts';
import { Writers } from './files/writers.ts';
import { machineHandlers } from './machine.ts';
import { networkHandlers } from './net/handlers.ts';
import { makeNetwork, type Network } from './net/network.ts';
import { localPlaces } from './places.ts';
import { type Program, supervise } from './program.ts';
import { say } from './say.ts';
import { joinSession } from './session.ts';

/** From src/session/supervision.ts: a launcher has installed its filter and waits. */
interface Launch {
  readonly id: number;
  readonly pid: number;
  /** The filter's descriptor in that process. */
  readonly listener: number;
  /** The program's path. */
  readonly file: string;
}

// Every program here waits for this thread: a mistake in one call must not end the others'.
process.on('uncaughtException', (error) => say(`The supervisor made a mistake: ${error.stack} [INTERNAL]`));

/** The session is about to end: what programs have written is to be in the pod before. */
interface Finish {
  readonly id: number;
}

const { folder } = workerData as { folder: string };
const addon = loadAddon();
const joined = joinSession(folder).then((session) => {
  const network = makeNetwork(addon, session);
  const writers = new Writers(addon, session.calls);
  return { session, network, writers, handlers: allHandlers(addon, network) };
});

parentPort?.on('message', async (request: Launch | Finish) => {
  const { id } = request;
  try {
    const parts = await joined;
    if ('listener' in request) start(parts, request);
    else await parts.writers.settle();
    parentPort?.postMessage({ id });
  } catch (error) {
    parentPort?.postMessage({ id, error: (error as Error).message });
  }
});

/** What programs listened on is given back with the last of their processes. */
function start({ session, network, writers, handlers }: Awaited<typeof joined>, { pid, listener, file }: Launch): void {
  const taken = addon.takeDescriptor(pid, listener);
  addon.listenTo(taken);
  const policy = createPathPolicy(session.settings.files, localPlaces(pid, file, session.folder));
  const program: Program = { listener: taken, session, policy, writers, layers: new Set() };
  supervise(addon, program, handlers, () => network.listeners.look());
}

function allHandlers(addon: Addon, network: Network): ReadonlyMap<number, Handler> {
  const byName: Record<string, Handler> = {
    ...fileHandlers(addon),
    ...networkHandlers(network),
    ...machineHandlers(addon),
  };
  return new Map(
    Object.entries(byName).flatMap(([name, handler]) => {
      const number = addon.calls[name];
      return number === undefined ? [] : [[number, handler] as const];
    }),
  );
}
