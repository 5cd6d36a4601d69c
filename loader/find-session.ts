// A program that is restarted (by nodemon, by hand) takes up the session of the one before, whose proxy waits a
// moment for it. A session that `register` has started says for whom it is: its *origin*.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { originFile, sessionName, sessionParent } from '../src/policy/layer-settings.ts';

/**
 * Whom a session of this program serves: programs of the same terminal and folder with the same settings.
 * Equal texts, equal origins.
 */
export function ownOrigin(): string {
  const { env } = process;
  const settings = Object.entries(env).filter(([name]) => /^(MIRRORD_.*|KUBECONFIG|NODE_ENV|HOME)$/.test(name));
  settings.sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([__filename, terminal(), process.cwd(), settings, changed(env.MIRRORD_CONFIG_FILE)]);
}

/** @returns the folder of a session with this origin */
export function findSession(origin: string): string | undefined {
  return [sessionParent, os.tmpdir()].flatMap(sessionsIn).find((folder) => isOf(folder, origin));
}

function sessionsIn(parent: string): string[] {
  try {
    return fs
      .readdirSync(parent)
      .filter((name) => sessionName.test(name))
      .map((name) => path.join(parent, name));
  } catch {
    return [];
  }
}

function isOf(folder: string, origin: string): boolean {
  try {
    // Anybody may make a folder of this name there; only our own is believed.
    const { uid } = fs.lstatSync(folder);
    return uid === process.getuid?.() && fs.readFileSync(path.join(folder, originFile), 'utf8') === origin;
  } catch {
    return false;
  }
}

/** The number of the terminal's session (proc_pid_stat(5): session); without /proc, of the parent process. */
function terminal(): string {
  try {
    const [, fields = ''] = fs.readFileSync('/proc/self/stat', 'utf8').split(/\) (?=[^)]*$)/);
    return fields.split(' ')[3] ?? '';
  } catch {
    return String(process.ppid);
  }
}

function changed(file: string | undefined): number {
  if (file === undefined) return 0;
  try {
    return fs.statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}
