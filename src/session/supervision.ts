// Programs that do not use libc: their launchers (native/seccomp/launch.c) come to a unix socket of the session's
// folder, and the first one starts the supervisor, a thread of this process. src imports no layer: it is a file
// beside this bundle, as the loader is.

import fs from 'node:fs';
import net from 'node:net';
import { constants } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { MirrordError } from '../errors.ts';
import { supervisorSocket } from '../policy/layer-settings.ts';
import { distFolder } from './dist.ts';

/** Longer than any path and two numbers: who sends more is no launcher. */
const maxRequestBytes = 8192;

export interface Supervision {
  /**
   * Takes no more programs; those that run go on with calls that fail. Resolves when the pod has what they wrote.
   * May be called twice.
   */
  close(): Promise<void>;
}

/** How long the last bytes that programs wrote may take to the pod. */
const finishTimeoutMs = 5_000;

/** What a launcher says: see launch.c. `listener` is a negative errno when there is no filter. */
interface Request {
  readonly pid: number;
  readonly listener: number;
  readonly file: string;
}

/** The folder of this build: the launcher and the supervisor lie in it, where there is Linux. */
const supervisorFolder = path.join(distFolder, 'supervisor');

/** The program that starts another one under the session's supervisor, or undefined where there is none. */
export function launcher(): string | undefined {
  const file = path.join(supervisorFolder, 'mirrord-seccomp-launch');
  return fs.existsSync(file) ? file : undefined;
}

/** Listens in the session's folder. @param say prints what the developer has to know */
export async function offerSupervision(folder: string, say: (error: MirrordError) => void): Promise<Supervision> {
  if (launcher() === undefined) return { close: async () => {} };
  let supervisor: Supervisor | undefined;
  const server = net.createServer((socket) => {
    socket.on('error', () => socket.destroy());
    readRequest(socket)
      .then(async (request) => {
        if (request.listener < 0) throw noFilter(-request.listener);
        supervisor ??= new Supervisor(folder);
        await supervisor.take(request);
        socket.end('ok');
      })
      .catch((error: unknown) => {
        say(error instanceof MirrordError ? error : cannotSupervise(error as Error));
        socket.destroy();
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path.join(folder, supervisorSocket), resolve);
  });
  return {
    async close() {
      server.close();
      await supervisor?.close();
    },
  };
}

/** The thread, and what it was asked. */
class Supervisor {
  #worker: Worker;
  #waiting = new Map<number, (error: Error | undefined) => void>();
  #last = 0;

  constructor(folder: string) {
    this.#worker = new Worker(path.join(supervisorFolder, 'supervisor.cjs'), {
      workerData: { folder },
      execArgv: [],
      trackUnmanagedFds: false, // most of its descriptors are made and taken by its addon
    });
    this.#worker.unref(); // it is there for programs, and they are waited for elsewhere
    this.#worker.on('message', ({ id, error }: { id: number; error?: string }) => {
      this.#waiting.get(id)?.(error === undefined ? undefined : new Error(error));
      this.#waiting.delete(id);
    });
    this.#worker.on('error', (error) => {
      for (const done of this.#waiting.values()) done(error);
      this.#waiting.clear();
      process.stderr.write(`mirrord: The supervisor has ended: ${error.stack} [INTERNAL]\n`);
    });
  }

  /** @throws Error when it cannot serve the program */
  take(request: Request): Promise<void> {
    return this.#ask(request);
  }

  async close(): Promise<void> {
    // Without an answer for as long as this, the session itself has ended.
    await Promise.race([this.#ask({}), sleep(finishTimeoutMs, undefined, { ref: false })]).catch(() => {});
    await this.#worker.terminate();
  }

  #ask(request: Partial<Request>): Promise<void> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (error) => (error === undefined ? resolve() : reject(error)));
      this.#worker.postMessage({ id, ...request });
    });
  }
}

function readRequest(socket: net.Socket): Promise<Request> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const [, pid, listener, file] = /^(\d+) (-?\d+) ([^\0]+)\0$/.exec(text) ?? [];
      if (file !== undefined) resolve({ pid: Number(pid), listener: Number(listener), file });
      else if (text.length > maxRequestBytes) reject(new Error('no launcher has said that'));
    });
    socket.once('close', () => reject(new Error('the launcher has ended')));
  });
}

function noFilter(errno: number): MirrordError {
  const name = Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? errno;
  return new MirrordError(
    'SUPERVISOR_UNAVAILABLE',
    `The kernel does not let a program be supervised: seccomp says ${name}.`,
    {
      help: 'It takes Linux 5.14 or later, and a container must not forbid it. Node programs do not need it.',
    },
  );
}

function cannotSupervise(error: Error): MirrordError {
  return new MirrordError('SUPERVISOR_UNAVAILABLE', `The program cannot be supervised: ${error.message}.`, {
    help: 'It may be that this system lets nobody read the memory of other processes (a container, Yama).',
    cause: error,
  });
}
