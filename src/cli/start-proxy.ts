// The session of `node --import mirrord/register`: two hidden commands. `start-proxy` is what the loader
// runs and waits for; it starts `run-proxy`, which is the session's proxy, detached from the terminal, and
// ends when the last program of the session has.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolveConfig } from '../config/resolve.ts';
import { MirrordError } from '../errors.ts';
import { startSession } from '../session/session.ts';
import { report } from './report.ts';
import { startSignal } from './start-signal.ts';

/** How long the first program may take to join. */
const firstLayerMs = 10_000;
/** How long the session waits for the next program after the last has ended. */
const lastLayerMs = 1_000;

/** Prints the session's folder on stdout when it is ready, or ends with run-proxy's exit code. */
export async function startProxyProcess(): Promise<void> {
  const cli = process.argv[1] ?? '';
  // Its stdin is a life line: when we end before it is ready (Ctrl-C), it stops and cleans up.
  const child = spawn(process.execPath, [cli, 'run-proxy'], { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit').then(([code]) => ({ code: code ?? 1 }));
  const ready = once(child.stdout, 'data').then(([folder]) => ({ folder: String(folder) }));
  const first = await Promise.race([ready, exited]);
  if ('folder' in first) process.stdout.write(first.folder);
  process.exit('code' in first ? first.code : 0);
}

/** Runs the session until its last layer is gone. */
export async function runProxyProcess(): Promise<void> {
  if (process.env.MIRRORD_CONFIG_FILE === '-') {
    throw new MirrordError('CONFIG_INVALID', 'A configuration from stdin is for mirrord exec only.', {
      help: 'Name a file in MIRRORD_CONFIG_FILE.',
    });
  }
  const config = resolveConfig({ flags: {}, env: process.env, cwd: process.cwd() });
  const start = startSignal();
  const orphaned = () => process.emit('SIGTERM');
  process.stdin.on('close', orphaned).resume();
  let idle: NodeJS.Timeout | undefined;
  let end = () => {};
  const ended = new Promise<void>((settle) => {
    end = settle;
  });
  const waitForLayers = (ms: number) => {
    idle = setTimeout(end, ms);
  };
  const session = await startSession({
    config,
    report,
    signal: start.signal,
    onLayers: (count) => {
      clearTimeout(idle);
      if (count === 0) waitForLayers(lastLayerMs);
    },
  }).finally(start.stop);
  process.stdin.off('close', orphaned);
  process.on('SIGTERM', end).on('SIGHUP', end).on('SIGINT', end);
  void session.lost.then((error) => process.stderr.write(error.format()));
  waitForLayers(firstLayerMs);
  process.stdout.write(`${session.folder}\n`);
  await ended;
  await session.close();
  process.exit(0);
}
