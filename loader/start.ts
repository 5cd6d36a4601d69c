// mirrord/register without `mirrord exec`: starts the session's proxy as a process of its own, and waits.

import path from 'node:path';
import { originVariable } from '../src/policy/layer-settings.ts';

/**
 * Starts a session from the MIRRORD_* variables; its progress and errors go to stderr.
 * @param origin whom the session serves, see find-session.ts
 * @returns the session's folder; does not return when the session cannot be started
 */
export function startSession(origin: string): string {
  // Loaded here: a program that joins a session has no use for it.
  const { spawnSync } = require('node:child_process') as typeof import('node:child_process');
  const cli = path.join(__dirname, 'cli.js');
  // Not the program's own flags: the proxy is no program of the user's.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { status, stdout, error } = spawnSync(process.execPath, [cli, 'start-proxy'], {
    env: { ...env, [originVariable]: origin },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (error !== undefined) process.stderr.write(`mirrord: The session's proxy did not start: ${error.message}.\n`);
  if (status !== 0) process.exit(status ?? 1);
  return stdout.trim();
}
