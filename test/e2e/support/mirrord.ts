// Runs mirrord as a developer does: the command line, or a program with mirrord/register.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { after } from 'node:test';
import { developerEnv, namespace, root } from './cluster.ts';

export const cli = path.join(root, 'dist/cli.js');
/** What the package's export "./register" is for --import; --require takes the file beside it. */
export const register = path.join(root, 'dist/register.mjs');
/** The small programs that tests run. */
export const app = (name: string): string => path.join(root, 'test/apps', name);

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Options {
  readonly node?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** True: signals go to all that it has started as well, as a terminal's Ctrl-C does. */
  readonly group?: boolean;
}

/** `mirrord exec` with its flags, `--` and the program. */
export function exec(args: readonly string[], { node = process.execPath, ...options }: Options = {}): Running {
  return new Running(node, [cli, 'exec', '-n', namespace, ...args], options);
}

/** `node --import mirrord/register`, with its other flags and the program. */
export function withRegister(
  target: string,
  args: readonly string[],
  { node = process.execPath, flag = '--import', env, ...options }: Options & { readonly flag?: string } = {},
): Running {
  const session = { MIRRORD_IMPERSONATED_TARGET: target, MIRRORD_TARGET_NAMESPACE: namespace };
  return new Running(node, [flag, flag === '--require' ? register.replace('.mjs', '.cjs') : register, ...args], {
    ...options,
    env: { ...session, ...env },
  });
}

/** A command as a terminal's foreground job: what is typed goes through the terminal, Ctrl-C (`\x03`) included. */
export function inTerminal(command: readonly string[], options: Omit<Options, 'node'> = {}): Running {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  return new Running('script', ['--quiet', '--return', '--command', `exec ${quoted}`, '/dev/null'], options);
}

/** A process that we started; what it prints is kept. */
export class Running {
  readonly ended: Promise<Ended>;
  #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #group: boolean;
  #printed = { stdout: '', stderr: '' };
  #onPrinted = new Set<() => void>();

  constructor(command: string, args: readonly string[], { cwd, env, group = false }: Omit<Options, 'node'> = {}) {
    const stdio: ['pipe', 'pipe', 'pipe'] = ['pipe', 'pipe', 'pipe'];
    this.#group = group;
    this.#child = spawn(command, args, { cwd, env: { ...developerEnv, ...env }, stdio, detached: group });
    this.#child.stdin.on('error', () => {}); // the program need not read to its end
    for (const name of ['stdout', 'stderr'] as const) {
      this.#child[name].setEncoding('utf8').on('data', (text: string) => {
        this.#printed[name] += text;
        for (const look of this.#onPrinted) look();
      });
    }
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        running.delete(this);
        resolve({ code, signal, ...this.#printed });
      });
    });
    running.add(this);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** All that it has printed so far. */
  get printed(): { readonly stdout: string; readonly stderr: string } {
    return this.#printed;
  }

  /** Waits until it has printed something, on stdout or stderr. @returns the match */
  async says(pattern: RegExp, limitMs = 30_000): Promise<RegExpExecArray> {
    let look = () => {};
    const said = new Promise<RegExpExecArray>((resolve) => {
      look = () => {
        const match = pattern.exec(this.#printed.stdout) ?? pattern.exec(this.#printed.stderr);
        if (match !== null) resolve(match);
      };
    });
    this.#onPrinted.add(look);
    look();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<'too late'>((resolve) => {
      timer = setTimeout(resolve, limitMs, 'too late');
    });
    try {
      const first = await Promise.race([said, this.ended, timeout]);
      if (Array.isArray(first)) return first as RegExpExecArray;
      const { stdout, stderr } = this.#printed;
      throw new Error(`it never said ${pattern}${first === 'too late' ? '' : ' and ended'}:\n${stdout}${stderr}`);
    } finally {
      clearTimeout(timer);
      this.#onPrinted.delete(look);
    }
  }

  /** Writes to its stdin. */
  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Writes the last of it. */
  end(text: string): void {
    this.#child.stdin.end(text);
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.#group) this.#child.kill(signal);
    else if (this.#child.exitCode === null) process.kill(-this.pid, signal);
  }

  /** Ends it, and listens no longer to what it has started. */
  abandon(): void {
    this.kill('SIGKILL');
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }
}

const running = new Set<Running>();

/** How long a program that a failed test has left may take to end, before it is ended. */
const patienceMs = 10_000;

after(async () => {
  for (const left of running) {
    left.kill('SIGTERM');
    const timer = setTimeout(() => left.abandon(), patienceMs);
    await left.ended;
    clearTimeout(timer);
  }
});
