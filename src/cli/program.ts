// Runs the developer's program inside the session: its environment, its signals, its end.

import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import { constants } from 'node:os';
import { MirrordError } from '../errors.ts';

/** How a program ended, as wait(2) tells it. */
export type Outcome = { readonly code: number } | { readonly signal: NodeJS.Signals };

/** What a terminal or a supervisor sends to end or to poke a program. */
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * Runs the program with our stdin, stdout and stderr until it ends. Signals are its own: ours are passed on,
 * and we end after it.
 * @throws MirrordError COMMAND_NOT_FOUND
 */
export async function runProgram(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  const child = spawn(command, args, { env, stdio: 'inherit' });
  const listeners = forwarded.map((signal) => [signal, () => forward(signal, child)] as const);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  try {
    return await ended(command, child);
  } finally {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  }
}

/** Ends this process as the program ended: with its code, or by its signal. */
export function endAs(outcome: Outcome): void {
  if ('code' in outcome) {
    process.exitCode = outcome.code;
    return;
  }
  process.kill(process.pid, outcome.signal);
  // A signal that does not end a process by itself (SIGUSR1 starts Node's inspector): as a shell tells it.
  setTimeout(() => process.exit(128 + constants.signals[outcome.signal]), 100);
}

function ended(command: string, child: ChildProcess): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'ENOENT' ? 'is no program in the PATH' : `cannot be started: ${cause.message}`;
      reject(
        new MirrordError('COMMAND_NOT_FOUND', `"${command}" ${why}.`, {
          help: 'The program and its arguments come behind "--": mirrord exec -t deployment/shop -- node app.js',
          cause,
        }),
      );
    });
    child.once('exit', (code, signal) => resolve(signal === null ? { code: code ?? 0 } : { signal }));
  });
}

function forward(signal: NodeJS.Signals, child: ChildProcess): void {
  // Ctrl-C goes to every process of the terminal's foreground group, the program among them: a second one
  // from us would be the "now really" that many programs understand by it.
  if ((signal === 'SIGINT' || signal === 'SIGQUIT') && inForeground()) return;
  child.kill(signal);
}

/** Whether this process belongs to its terminal's foreground group: proc_pid_stat(5), pgrp and tpgid. */
function inForeground(): boolean {
  try {
    const fields = fs
      .readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[2] === fields[5];
  } catch {
    return process.stdin.isTTY;
  }
}
