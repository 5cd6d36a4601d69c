// The supervisor of programs that do not use libc (static ones, Go): a thread of the process that has the session's
// proxy, started with the first such program. It answers the calls that the filter of native/seccomp/launch.c stops.
// A thread of that process, since a program's memory may often be read by its ancestors only (Yama).

import { parentPort, workerData } from 'node:worker_threads';
import { createPathPolicy } from '../src/policy/paths.ts';
import { type Addon, loadAddon } from './addon.ts';
import type { Handler } from './call.ts';
import { fileHandlers } from './files/handlers.ts';
import { machineHandlers } from './machine.ts';
import { localPlaces } from './places.ts';
import { type Program, supervise } from './program.ts';
import { joinSession, type Session } from './session.ts';

/** From src/session/supervision.ts: a launcher has installed its filter and waits. */
interface Launch {
  readonly id: number;
  readonly pid: number;
  /** The filter's descriptor in that process. */
  readonly listener: number;
  /** The program's path. */
  readonly file: string;
}

const { folder } = workerData as { folder: string };
const addon = loadAddon();
const joined = joinSession(folder).then((session) => ({ session, handlers: allHandlers(addon, session) }));

parentPort?.on('message', async (launch: Launch) => {
  try {
    const { session, handlers } = await joined;
    start(session, handlers, launch);
    parentPort?.postMessage({ id: launch.id });
  } catch (error) {
    parentPort?.postMessage({ id: launch.id, error: (error as Error).message });
  }
});

function start(session: Session, handlers: ReadonlyMap<number, Handler>, { pid, listener, file }: Launch): void {
  const taken = addon.takeDescriptor(pid, listener);
  addon.listenTo(taken);
  const policy = createPathPolicy(session.settings.files, localPlaces(pid, file, session.folder));
  const program: Program = { listener: taken, session, policy, layers: new Set() };
  supervise(addon, program, handlers, () => {});
}

function allHandlers(addon: Addon, _session: Session): ReadonlyMap<number, Handler> {
  const byName: Record<string, Handler> = { ...fileHandlers(addon), ...machineHandlers(addon) };
  return new Map(
    Object.entries(byName).flatMap(([name, handler]) => {
      const number = addon.calls[name];
      return number === undefined ? [] : [[number, handler] as const];
    }),
  );
}
