// The processes that the bench runs: short ones to their end, and long ones that answer line by line.

import { type ChildProcess, execFile, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { promisify } from 'node:util';

/** Runs a command to its end. @returns its stdout @throws Error with its stderr */
export async function run(command: string, args: readonly string[], input?: string): Promise<string> {
  const running = promisify(execFile)(command, args, { maxBuffer: 2 ** 26 });
  running.child.stdin?.end(input);
  return (await running).stdout;
}

/** How long a process takes from its start to its end, in milliseconds. It must succeed. */
export function timeOf(args: readonly string[], env: NodeJS.ProcessEnv = process.env): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const ms = performance.now() - start;
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`);
  return ms;
}

/** A process that we talk to in lines. */
export class LineProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    const options: SpawnOptions = { env, stdio: ['pipe', 'pipe', 'inherit'] };
    this.#child = spawn(command, args, options);
    this.#child.on('error', (error) => console.error('bench:', error.message)); // the missing line tells the rest
    this.#child.stdin?.on('error', () => {});
    if (this.#child.stdout === null) throw new Error('stdout is a pipe');
    this.#reader = createInterface({ input: this.#child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  async nextLine(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnargs.join(' ')} has ended`);
    return value;
  }

  async ask(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    return this.nextLine();
  }

  /** Ends its stdin, which ends all that we run; or `signal` for what does not read it. */
  async close(signal?: NodeJS.Signals): Promise<void> {
    const ended = this.#child.exitCode ?? this.#child.signalCode;
    if (ended !== null || this.#child.pid === undefined) return;
    const exit = once(this.#child, 'exit');
    this.#child.stdin?.end();
    if (signal !== undefined) this.#child.kill(signal);
    await exit;
    this.#reader.close();
  }
}
