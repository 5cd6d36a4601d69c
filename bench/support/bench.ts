// What figures work with: one session on the target for all of them, and programs that take samples in it,
// beside it on this machine, or inside the cluster.

import { Closers } from './closers.ts';
import { cli, launcher, loader, preload, program, root } from './places.ts';
import { makePods, namespace, useCluster } from './pods.ts';
import { LineProcess } from './processes.ts';

/** A sampler's command; see bench/programs/sampler.mjs. */
export type Command =
  | { readonly kind: 'readFile' | 'readText' | 'stat'; readonly path: string; readonly count: number }
  | {
      readonly kind: 'requests';
      readonly url: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly connections: number;
      readonly count: number;
    }
  | { readonly kind: 'download'; readonly url: string }
  | { readonly kind: 'upload'; readonly url: string; readonly bytes: number };

/** @returns microseconds each */
export type Sampler = (command: Command) => Promise<readonly number[]>;

export class Bench {
  readonly closers = new Closers();
  #folder: string | undefined;

  /** Prepares the cluster and starts the session, which lasts until the closers are closed. */
  async open(): Promise<void> {
    useCluster();
    await makePods(this.closers);
    const command = ['sh', '-c', 'echo "$MIRRORD_SESSION" && exec cat'];
    const session = new LineProcess(process.execPath, [cli, ...execFlags, '--', ...command]);
    this.closers.add(() => session.close());
    this.#folder = await session.nextLine();
  }

  /** What brings a Node process into the session. */
  get sessionEnv(): NodeJS.ProcessEnv {
    return { ...process.env, MIRRORD_SESSION: this.#folder };
  }

  /** A program on this machine, through mirrord. */
  mirrored(file: string): LineProcess {
    return this.#start(process.execPath, [`--require=${loader}`, program(file)], this.sessionEnv);
  }

  /** A session beside the first one, with flags and variables of its own, and a Node program that says when it is ready. */
  async ownSession(flags: readonly string[], env: NodeJS.ProcessEnv, file: string, ...args: string[]): Promise<void> {
    const command = [process.execPath, program(file), ...args];
    await this.#start(process.execPath, [cli, ...targetFlags, ...flags, '--', ...command], {
      ...process.env,
      ...env,
    }).nextLine();
  }

  samplerThroughMirrord(): Sampler {
    return asSampler(this.mirrored('sampler.mjs'));
  }

  samplerHere(): Sampler {
    return asSampler(this.#start(process.execPath, [program('sampler.mjs')]));
  }

  samplerInCluster(): Sampler {
    return asSampler(
      this.#start('kubectl', ['exec', '-i', '-n', namespace, 'client', '--', 'node', '/bench/sampler.mjs']),
    );
  }

  /** A static program in the session, under the supervisor; told what to sample by a line. */
  supervised(file: string): (line: string) => Promise<readonly number[]> {
    return asLines(this.#start(launcher, [`${this.#folder}/supervisor`, file, file], this.sessionEnv));
  }

  /** A program with libc in the session. */
  preloaded(file: string): (line: string) => Promise<readonly number[]> {
    return asLines(this.#start(file, [], { ...this.sessionEnv, LD_PRELOAD: preload }));
  }

  /** The same plainly. */
  here(file: string): (line: string) => Promise<readonly number[]> {
    return asLines(this.#start(file, []));
  }

  #start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): LineProcess {
    const started = new LineProcess(command, args, env);
    this.closers.add(() => started.close());
    return started;
  }
}

const targetFlags = ['exec', '-n', namespace, '-t', 'pod/target'];
export const execFlags = [...targetFlags, '--steal'];

/** Samples are taken in the repository's folder, which is local to a program through mirrord. */
export const localFile = `${root}package-lock.json`;

function asLines(process: LineProcess): (line: string) => Promise<readonly number[]> {
  return async (line) => JSON.parse(await process.ask(line)) as readonly number[];
}

function asSampler(process: LineProcess): Sampler {
  return async (command) => JSON.parse(await process.ask(JSON.stringify(command))) as readonly number[];
}
