// Programs that make their own system calls, built from test/apps once for a test file, and run here or in a pod.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { developerEnv, kubectl, namespace } from './cluster.ts';
import { app } from './mirrord.ts';

/** For everybody, since some tests run a program as another user. */
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mirrord-programs-'));
fs.chmodSync(folder, 0o755);
after(() => fs.rmSync(folder, { recursive: true, force: true }));

export const hasRust = isThere('rustc');

/** test/apps/go without cgo. */
export function goProgram(): string {
  return built('go-probe', (file) => {
    const options = { cwd: app('go'), env: { ...process.env, CGO_ENABLED: '0' } };
    execFileSync('go', ['build', '-o', file, '.'], options);
  });
}

/** test/apps/static/calls.c; glibc warns that getaddrinfo needs its libraries when it runs. */
export function staticProgram(): string {
  return built('calls', (file) => {
    const args = ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-static', app('static/calls.c'), '-o', file];
    execFileSync(process.env.CC || 'cc', args, { stdio: ['ignore', 'inherit', 'ignore'] });
  });
}

/** test/apps/static/main.rs with the libc in it. */
export function rustProgram(): string {
  return built('rust-probe', (file) => {
    execFileSync('rustc', ['-O', '-C', 'target-feature=+crt-static', app('static/main.rs'), '-o', file]);
  });
}

/** Puts a program into a pod. @returns its path there */
export async function intoPod(pod: string, program: string): Promise<string> {
  const file = `/tmp/${path.basename(program)}`;
  const receive = `process.stdin.pipe(fs.createWriteStream('${file}', { mode: 0o755 }))`;
  const args = ['-n', namespace, 'exec', '-i', pod, '--', 'node', '-e', receive];
  const child = spawn('kubectl', args, {
    env: developerEnv,
    stdio: [fs.openSync(program, 'r'), 'inherit', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${program} could not be put into ${pod}`);
  return file;
}

/** Runs a program of the pod there. @returns stdout */
export function runInPod(pod: string, ...command: string[]): Promise<string> {
  return kubectl('exec', pod, '--', ...command);
}

function built(name: string, build: (file: string) => void): string {
  const file = path.join(folder, name);
  if (!fs.existsSync(file)) build(file);
  return file;
}

function isThere(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((part) => fs.existsSync(path.join(part, program)));
}
