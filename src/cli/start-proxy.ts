// The session of `node --import mirrord/register`: two hidden commands. `start-proxy` is what the loader
// runs and waits for; it starts `run-proxy`, which is the session's proxy, detached from the terminal, and
// ends when the last program of the session has.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { resolveConfig } from '../config/resolve.ts';
import { MirrordError } from '../errors.ts';
import { originFile, originVariable } from '../policy/layer-settings.ts';
import { startSession } from '../session/session.ts';
import { report } from './report.ts';
import { startSignal } from './start-signal.ts';

/** How long the first program may take to join. */
const firstLayerMs = 10_000;
/**
 * How long the session waits for the next program after the last has ended: a restart by nodemon finds it while its
 * Node starts. A program that has ended for good gives its ports back within a second.
 */
const nextLayerMs = 700;
/** Joining takes a program some milliseconds after it has found the session. */
const lateLayerMs = 200;

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
  const layers = new LivingLayers();
  const session = await startSession({
    config,
    report,
    signal: start.signal,
    onLayers: (count) => layers.changed(count),
  }).finally(start.stop);
  process.stdin.off('close', orphaned);
  const stop = () => layers.stop();
  process.on('SIGTERM', stop).on('SIGHUP', stop).on('SIGINT', stop);
  const origin = path.join(session.folder, originFile);
  void session.lost.then((error) => {
    fs.rmSync(origin, { force: true });
    process.stderr.write(error.format());
  });
  fs.writeFileSync(origin, process.env[originVariable] ?? '', { mode: 0o600 });
  process.stdout.write(`${session.folder}\n`);
  await layers.comeWithin(firstLayerMs);
  do {
    await layers.goneFor(nextLayerMs);
    fs.rmSync(origin, { force: true });
    // One that has found the session just before may be on its way.
  } while (await layers.comeWithin(lateLayerMs));
  await session.close();
  process.exit(0);
}

/** How many programs and threads of the session live. */
class LivingLayers {
  #count = 0;
  #stopped = false;
  #onChange = () => {};

  changed(count: number): void {
    this.#count = count;
    if (count === 0) letGoOfPipe();
    this.#onChange();
  }

  /** Ends all waiting, for good. */
  stop(): void {
    this.#stopped = true;
    this.#onChange();
  }

  /** Resolves when there has been none for so long. */
  async goneFor(ms: number): Promise<void> {
    while (!this.#stopped && (this.#count > 0 || (await this.#changeWithin(ms)))) {
      if (this.#count > 0) await this.#change();
    }
  }

  /** @returns whether there is one before the time is over */
  async comeWithin(ms: number): Promise<boolean> {
    if (this.#count === 0) await this.#changeWithin(ms);
    return this.#count > 0 && !this.#stopped;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#onChange = resolve;
    });
  }

  async #changeWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, ms, false);
    });
    const changed = await Promise.race([this.#change().then(() => true), over]);
    clearTimeout(timer);
    return changed;
  }
}

/**
 * Who reads the first program's stderr through a pipe waits until all that hold it have let go of it; that must
 * not take as long as we wait for the next program.
 */
function letGoOfPipe(): void {
  if (process.stderr.isTTY) return;
  fs.closeSync(2);
  while (fs.openSync('/dev/null', 'w') < 2); // a new descriptor has the lowest free number
}
