// One run of the demo's program, plainly or through mirrord: what it sees, and the request to the pod's port
// while it serves.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MirrordError } from '../src/errors.ts';
import type { Closers } from './closers.ts';
import type { DemoTarget } from './demo-target.ts';

const app = fileURLToPath(new URL('app.mjs', import.meta.url));
const mirrord = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const runLimitMs = 30_000;
const answerLimitMs = 3000;

/** What was looked at, and what was seen, in the program's order. */
export type Views = ReadonlyMap<string, string>;

export const runPlainly = (target: DemoTarget, closers: Closers): Promise<Views> =>
  run([app], process.env, target, closers);

/** The same program with the same arguments; only what stands before `node` differs. */
export const runThroughMirrord = (target: DemoTarget, closers: Closers): Promise<Views> =>
  run(
    [mirrord, 'exec', ...target.flags, '--steal', '--', process.execPath, app],
    { ...process.env, ...target.environment },
    target,
    closers,
  );

async function run(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  target: DemoTarget,
  closers: Closers,
): Promise<Views> {
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const stop = () => end(child);
  await closers.add(stop);
  const views = await viewsUntilListening(child);
  views.set("request to the pod's port 8080", await whoAnswers(target));
  await stop();
  views.set('the same after the program ended', await whoAnswersAgain(target));
  return views;
}

const noAnswer = 'no answer';

/** Who answers the pod's port now. */
function whoAnswers(target: DemoTarget): Promise<string> {
  const answer = target.askPod().then(
    (from) => `answered by ${from}`,
    (error: unknown) => `${noAnswer}: ${error instanceof Error ? error.message : error}`,
  );
  return Promise.race([answer, sleep(answerLimitMs, `${noAnswer} in ${answerLimitMs / 1000} s`)]);
}

/** A request that meets the very moment in which the port changes hands may be lost with its connection. */
async function whoAnswersAgain(target: DemoTarget): Promise<string> {
  const first = await whoAnswers(target);
  return first.startsWith(noAnswer) ? whoAnswers(target) : first;
}

function viewsUntilListening(child: ChildProcess): Promise<Map<string, string>> {
  return new Promise((resolve, reject) => {
    const views = new Map<string, string>();
    let errors = '';
    const fail = (what: string) => reject(failure(what, errors));
    const timer = setTimeout(() => fail(`is not listening after ${runLimitMs / 1000} s`), runLimitMs);
    const lines = createInterface({ input: child.stdout ?? process.stdin });
    lines.on('line', (line) => {
      const { what, value } = JSON.parse(line) as { what: string; value?: string }; // app.mjs writes these
      if (value !== undefined) views.set(what, value);
      else resolve(views);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.on('error', (error) => fail(error.message));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      fail(`ended early (${signal ?? code})`);
    });
  });
}

const failure = (what: string, errors: string) =>
  new MirrordError('SESSION_FAILED', `The demo's program ${what}.`, {
    help: errors.trim().replaceAll('\n', '\n         ') || 'It said nothing.',
  });

/** The program ends with its stdin; the signals are for the case that it, or mirrord around it, does not. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'close');
  child.stdin?.end();
  const timers = [setTimeout(() => child.kill('SIGTERM'), 3000), setTimeout(() => child.kill('SIGKILL'), 8000)];
  await ended;
  for (const timer of timers) clearTimeout(timer);
}
