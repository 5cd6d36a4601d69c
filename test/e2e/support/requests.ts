// Requests to the pods' ports, made by another pod: this machine has no way to a pod. One `kubectl exec`
// serves a whole test file, so that an answer can be asked for again and again.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { developerEnv, namespace, root } from './cluster.ts';
import { until } from './until.ts';

export interface Request {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Without an answer for this long, the answer is the error TIMEOUT. */
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status?: number;
  /** Raw: names and values in turn, as they came. */
  readonly headers?: readonly string[];
  readonly body?: string;
  /** The code of a connection's error instead. */
  readonly error?: string;
}

/** A request from a pod of the app `prices`. */
export async function ask(url: string, request: Request = {}): Promise<Answer> {
  client ??= startClient();
  const id = ++lastId;
  return new Promise((resolve) => {
    waiting.set(id, resolve);
    client?.stdin?.write(`${JSON.stringify({ id, url, ...request })}\n`);
  });
}

/** Who answers, as all sample servers say it: `pod`, `this machine`, or an error's code. */
export async function whoAnswers(url: string, request: Request = {}): Promise<string> {
  const { error, body = '' } = await ask(url, request);
  return error ?? (JSON.parse(body) as { from: string }).from;
}

/** Asks again until `who` answers. @returns the milliseconds that it took */
export function untilAnsweredBy(who: string, url: string, limitMs = 3_000): Promise<number> {
  return until(`${url} is answered by ${who}`, limitMs, async () => {
    // One that comes in the moment of a kill may get none.
    const answering = await whoAnswers(url, { timeoutMs: 1_000 });
    return answering === who || `answered by ${answering}`;
  });
}

let client: ChildProcess | undefined;
let lastId = 0;
const waiting = new Map<number, (answer: Answer) => void>();

function startClient(): ChildProcess {
  const program = fs.readFileSync(path.join(root, 'test/apps/client/client.cjs'), 'utf8');
  const args = ['-n', namespace, 'exec', '-i', 'deployment/prices', '--', 'node', '-e', program];
  const child = spawn('kubectl', args, { env: developerEnv, stdio: ['pipe', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, ...answer } = JSON.parse(line) as Answer & { id: number };
    waiting.get(id)?.(answer);
    waiting.delete(id);
  });
  return child;
}

after(async () => {
  if (client === undefined || client.exitCode !== null) return;
  client.stdin?.end();
  await once(client, 'exit');
});
