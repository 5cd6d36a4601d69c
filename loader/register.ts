// mirrord/register: the entry of the loader, for `node --import mirrord/register` and for NODE_OPTIONS.
// Joins the session (or starts one), then replaces Node's own functions before the program's first line.

import { sessionVariable } from '../src/policy/layer-settings.ts';
import { createPathPolicy, type PathPolicy } from '../src/policy/paths.ts';
import { inheritedFolder, installChildren } from './children.ts';
import { installFiles } from './fs/install.ts';
import { installNames } from './names/lookup.ts';
import { installRecords } from './names/records.ts';
import { installConnect } from './net/connect.ts';
import { installListen, Listening } from './net/listen.ts';
import { localPlaces } from './places.ts';
import { joinSession, type Session } from './session.ts';
import { startSession } from './start.ts';
import { installUdp } from './udp/install.ts';

/** Marks a thread that has the loader, so that a second --import of it does nothing. */
const mark = Symbol.for('mirrord.registered');

function register(): void {
  const global = globalThis as { [mark]?: true };
  if (global[mark]) return;
  global[mark] = true;

  const folder = inheritedFolder();
  const session = join(folder ?? startSession());
  const policy: PathPolicy = createPathPolicy(session.settings.files, localPlaces(session.folder));
  if (folder === undefined) takeEnvironment(session);
  installChildren(session);
  installNetwork(session);
  if (session.settings.resolveNames) {
    installNames(session);
    installRecords(session);
  }
  installFiles(session, policy);
}

function installNetwork(session: Session): void {
  const listening = new Listening();
  installListen(session, listening);
  installConnect(session, listening);
  installUdp(session);
}

/** Under `mirrord exec` the program starts with the pod's variables; here they come before its first line. */
function takeEnvironment(session: Session): void {
  const { set, unset } = session.sync.call('environment', {});
  for (const { name, value } of set) process.env[name] = value;
  for (const name of unset) delete process.env[name];
  const late = session.settings.startFiles.map(({ name }) => name);
  if (late.length > 0) {
    process.stderr.write(`mirrord: ${late.join(', ')} counts before a process starts only: use mirrord exec.\n`);
  }
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
