// mirrord/register: the entry of the loader, for `node --import mirrord/register` and for NODE_OPTIONS.
// Joins the session (or starts one), then replaces Node's own functions before the program's first line.

import path from 'node:path';
import { sessionVariable } from '../src/policy/layer-settings.ts';
import { createNetworkPolicy } from '../src/policy/network.ts';
import { createPathPolicy, type PathPolicy } from '../src/policy/paths.ts';
import { developmentProgram, productionAdvice } from './advice.ts';
import { inheritedFolder, installChildren, isMainThread, isToTakeEnvironment } from './children.ts';
import { findSession, ownOrigin } from './find-session.ts';
import { installFiles } from './fs/install.ts';
import { installMachine } from './machine.ts';
import { KnownNames } from './names/known.ts';
import { installNames } from './names/lookup.ts';
import { installRecords } from './names/records.ts';
import { installNativePackages } from './native-packages.ts';
import { installConnect } from './net/connect.ts';
import { installUnixConnect } from './net/connect-unix.ts';
import { installListen, Listening } from './net/listen.ts';
import type { Network } from './net/network.ts';
import { localPlaces } from './places.ts';
import { joinSession, type Session } from './session.ts';
import { startSession } from './start.ts';
import { takeCertificates, takeEnvironment } from './take-environment.ts';
import { installUdp } from './udp/install.ts';

/** Marks a thread that has the loader, so that a second --import of it does nothing. */
const mark = Symbol.for('mirrord.registered');

function register(): void {
  const global = globalThis as { [mark]?: true };
  if (global[mark]) return;
  global[mark] = true;
  refuseOtherRuntimes();

  const folder = inheritedFolder();
  const session = folder === undefined ? ownSession() : join(folder);
  if (isSkipped(session.settings.skipProcesses)) return;
  const policy: PathPolicy = createPathPolicy(session.settings.files, localPlaces(session.folder));
  if (isMainThread) {
    if (folder === undefined || isToTakeEnvironment()) takeEnvironment(session);
    advise(session);
  } else {
    takeCertificates(session);
  }
  installMachine(session.settings.machine);
  installNativePackages(session);
  installChildren(session);
  installNetwork(session);
  installFiles(session, policy);
}

function installNetwork(session: Session): void {
  const network: Network = {
    policy: createNetworkPolicy(session.settings),
    known: new KnownNames(),
    listening: new Listening(),
  };
  installListen(session, network.listening);
  installConnect(session, network);
  installUnixConnect(session, network);
  installUdp(session, network);
  installNames(session, network);
  if (session.settings.resolveNames) installRecords(session, network.policy);
}

/** Bun and Deno have modules of Node's names, but not the bindings beneath them. */
function refuseOtherRuntimes(): void {
  const runtime = process.versions.bun !== undefined ? 'Bun' : 'deno' in process.versions ? 'Deno' : undefined;
  if (runtime === undefined) return;
  process.stderr.write(
    `mirrord: mirrord/register is for Node, and this is ${runtime}. [RUNTIME_UNSUPPORTED]\n` +
      '         Leave it out, and start the program with "mirrord exec -- COMMAND", which reaches programs of all kinds.\n',
  );
  process.exit(1);
}

/** Whether this program is one that the configuration leaves on this machine. */
function isSkipped(names: readonly string[]): boolean {
  if (names.length === 0) return false;
  const own = [process.execPath, process.argv[1] ?? ''].map((file) => path.basename(file).replace(/\.[mc]?js$/, ''));
  return own.some((name) => names.includes(name));
}

function advise(session: Session): void {
  if (!session.settings.productionFromPod || process.env.NODE_ENV !== 'production') return;
  const program = developmentProgram(process.argv[1], process.argv.slice(2), process.execArgv);
  if (program !== undefined) session.sync.call('notice', { line: productionAdvice(program) });
}

/** The session of the program that this one follows, or a new one. */
function ownSession(): Session {
  const origin = ownOrigin();
  const folder = findSession(origin);
  try {
    if (folder !== undefined) return joinSession(folder);
  } catch {
    // it has ended meanwhile
  }
  return join(startSession(origin));
}

function join(folder: string): Session {
  try {
    return joinSession(folder);
  } catch (error) {
    process.stderr.write(
      `mirrord: The session in ${folder} cannot be joined: ${(error as Error).message}. [SESSION_FAILED]\n` +
        `         It may have ended: unset ${sessionVariable}, or start the program with mirrord exec again.\n`,
    );
    process.exit(1);
  }
}

register();
