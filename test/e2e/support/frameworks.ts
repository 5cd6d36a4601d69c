// The real applications of test/apps/frameworks: installed once into the tests' cache, run with mirrord as their
// developers would, and asked from a pod of the cluster.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { build } from 'esbuild';
import { cached } from './cache.ts';
import { namespace, type Pod, podOf, root } from './cluster.ts';
import { exec, Running, register } from './mirrord.ts';
import { nodeProgram } from './nodes.ts';
import { ask } from './requests.ts';
import { until } from './until.ts';

/** Frameworks are young: they run on a recent line, which `npm` and `npx` find first as well. */
const node = nodeProgram('24');
const nodeFirst = `${path.dirname(node)}:${process.env.PATH}`;

/** A first build, or a bundler's first answer, takes this long on a slow machine. */
const answerWithinMs = 60_000;

/** The folder of an application with its dependencies, as the repository has it. */
export function application(name: string): string {
  const source = path.join(root, 'test/apps/frameworks', name);
  const lock = fs.readFileSync(path.join(source, 'package-lock.json'));
  const version = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const folder = cached(`frameworks/${name}-${version}`, (part) => {
    fs.cpSync(source, part, { recursive: true });
    const options = { cwd: part, env: { ...process.env, PATH: nodeFirst } };
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { ...options, stdio: ['ignore', 'ignore', 'inherit'] });
  });
  fs.cpSync(source, folder, { recursive: true });
  return folder;
}

export interface Served {
  readonly pod: Pod;
  readonly port: number;
  readonly program: Running;
}

/** The same by mirrord/register alone: `command` gets the flag for node. */
export async function serveWithRegister(
  folder: string,
  command: (registerFlag: string) => readonly [string, ...string[]],
): Promise<Served> {
  const pod = await podOf('shop');
  const port = await freePort();
  const [program, ...args] = command(`--import=${register}`);
  const env = {
    MIRRORD_IMPERSONATED_TARGET: `pod/${pod.name}`,
    MIRRORD_TARGET_NAMESPACE: namespace,
    MIRRORD_CONFIG_FILE: configurationFile(folder, port),
    PATH: nodeFirst,
    PORT: String(port),
  };
  return { pod, port, program: new Running(program, args, { cwd: folder, group: true, env }) };
}

/** How an application is started: with its own port, which takes the requests to the pod's 8080. */
export async function serve(
  folder: string,
  command: (port: number) => readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Served> {
  const pod = await podOf('shop');
  const port = await freePort();
  const configuration = configurationFile(folder, port);
  const program = exec(['-t', `pod/${pod.name}`, '-f', configuration, '--', ...command(port)], {
    cwd: folder,
    group: true,
    env: { PATH: nodeFirst, PORT: String(port), NO_COLOR: '1', ...env },
  });
  return { pod, port, program };
}

/** A command of an application, to its end. */
export function run(folder: string, command: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  return exec(['-t', 'deployment/shop', '--', ...command], {
    cwd: folder,
    group: true,
    env: { PATH: nodeFirst, ...env },
  });
}

export function configurationFile(folder: string, port: number): string {
  const file = path.join(folder, 'mirrord.json');
  const incoming = { mode: 'steal', port_mapping: [[port, 8080]], ports: [8080] };
  fs.writeFileSync(file, JSON.stringify({ feature: { network: { incoming } } }));
  return file;
}

/** What every application sees of the pod, and of the request that was stolen for it. */
export interface Sight {
  readonly from: string;
  readonly region?: string;
  readonly greeting?: string;
  readonly prices?: string;
  readonly client?: string;
}

/** Asks until the application answers with `from`; it must then be in the pod, and know who asked. */
export async function assertAnswers({ pod }: Served, from = 'this machine', where = '/'): Promise<void> {
  const client = await podOf('prices');
  let seen: Sight = { from: 'nobody' };
  await until(`the application answers as ${from}`, answerWithinMs, async () => {
    const { body = '', error } = await ask(`http://${pod.ip}:8080${where}`);
    seen = error === undefined && body.startsWith('{') ? (JSON.parse(body) as Sight) : { from: error ?? body };
    return seen.from === from || `answered ${JSON.stringify(seen)}`;
  });
  assertInPod(seen, from, client.ip);
}

export function assertInPod(seen: Sight, from: string, client: string): void {
  const expected = { from, region: 'pod-land', greeting: 'hello from the pod', prices: 'prices', client };
  // A server that listens on IPv6 as well sees IPv4 clients as mapped addresses.
  assert.deepEqual({ ...seen, client: seen.client?.replace('::ffff:', '') }, expected);
}

/** The application's client as one text, since a pod has no packages. */
export async function clientProgram(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.join(application(name), 'client.js')],
    bundle: true,
    minify: true,
    platform: 'node',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

/** Edits the application of `watchers` three times; each edit answers in its turn. */
export async function assertFollowsEdits(served: Served, folder: string): Promise<void> {
  for (const edit of [0, 1, 2, 3]) {
    if (edit > 0) fs.writeFileSync(path.join(folder, 'edit.ts'), `export const edit: number = ${edit};\n`);
    await assertAnswers(served, `this machine, edit ${edit}`);
  }
}

/** Ends it as Ctrl-C in a terminal would. */
export async function stop({ program }: Served): Promise<void> {
  program.kill('SIGTERM');
  await program.ended;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
