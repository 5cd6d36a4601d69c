// The cluster that the end-to-end tests run on: our own (test/cluster), or the one of MIRRORD_TEST_KUBECONFIG.

import { execFile, execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from './until.ts';

const run = promisify(execFile);

export const root = fileURLToPath(new URL('../../..', import.meta.url));
const script = path.join(root, 'test/cluster/cluster.sh');

const { MIRRORD_TEST_KUBECONFIG: theirs, MIRRORD_TEST_AGENT_IMAGE, MIRRORD_TEST_SHOP_IMAGE } = process.env;

/** Several working copies on one machine give their runs different names; see test/cluster/README.md. */
const suffix = process.env.MIRRORD_TEST_RUN === undefined ? '' : `-${process.env.MIRRORD_TEST_RUN}`;

/** Everything of the tests is in this namespace; on somebody's own cluster it disturbs nobody. */
export const namespace = `mirrord-e2e${suffix}`;

/** True: the nodes are ours, so that tests can look into their network and kill processes there. */
export const ownNodes = theirs === undefined;

export const agentImage = MIRRORD_TEST_AGENT_IMAGE ?? `localhost/mirrord-agent:test${suffix}`;
export const shopImage = MIRRORD_TEST_SHOP_IMAGE ?? `localhost/shop:test${suffix}`;

/** The environment of kubectl, of mirrord and of the programs: the developer's, without what would change the tests. */
export const developerEnv: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(MIRRORD_|NODE_OPTIONS$|NODE_TEST_|npm_)/.test(name)),
  ),
  ...access(),
  MIRRORD_AGENT_IMAGE: agentImage,
};

function access(): NodeJS.ProcessEnv {
  if (theirs !== undefined) return { KUBECONFIG: theirs };
  // export KUBECONFIG=… PATH=…:$PATH
  const line = execFileSync('bash', [script, 'env'], { encoding: 'utf8' });
  const [, kubeconfig, bin] = /KUBECONFIG=(\S+) PATH=([^:]+)/.exec(line) ?? [];
  return { KUBECONFIG: kubeconfig, PATH: `${bin}:${process.env.PATH}` };
}

/** A command of test/cluster/cluster.sh; its words go to our stderr. */
export function clusterCommand(...args: string[]): void {
  execFileSync('bash', [script, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** What a command of test/cluster/cluster.sh prints. */
export function clusterOutput(...args: string[]): string {
  return execFileSync('bash', [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
}

/** Runs a program inside a node of our own cluster. @returns stdout */
export async function inNode(node: string, ...command: string[]): Promise<string> {
  return (await run('bash', [script, 'exec', node, '--', ...command])).stdout;
}

/** kubectl in the tests' namespace. @returns stdout */
export async function kubectl(...args: string[]): Promise<string> {
  const options = { env: developerEnv, maxBuffer: 64 * 1024 * 1024 };
  return (await run('kubectl', ['-n', namespace, ...args], options)).stdout;
}

/** kubectl with something to read. */
export async function kubectlWith(stdin: string, ...args: string[]): Promise<string> {
  const child = spawn('kubectl', ['-n', namespace, ...args], { env: developerEnv, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(stdin);
  const code = new Promise((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if ((await code) !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

export interface Pod {
  readonly name: string;
  readonly ip: string;
  readonly node: string;
  /** Of its first container, without the runtime's name. */
  readonly containerId: string;
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly spec: { readonly nodeName?: string };
    readonly status: {
      readonly podIP?: string;
      readonly containerStatuses?: readonly { readonly containerID?: string }[];
    };
  }[];
}

/** The pods with a label, by name, without those that are ending. */
export async function pods(label: string): Promise<Pod[]> {
  const { items } = JSON.parse(await kubectl('get', 'pods', '-l', label, '-o', 'json')) as PodList;
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, spec, status }) => ({
      name: metadata.name,
      ip: status.podIP ?? '',
      node: spec.nodeName ?? '',
      containerId: (status.containerStatuses?.[0]?.containerID ?? '').replace(/^.*:\/\//, ''),
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** The first pod of a sample app: the one that tests target. */
export async function podOf(app: string): Promise<Pod> {
  const [pod] = await pods(`app=${app}`);
  if (pod === undefined) throw new Error(`there is no pod of ${app}`);
  return pod;
}

/** Below the 10 s after which an agent without a session ends by itself: who starts it has to remove it. */
const removedWithinMs = 8_000;

/** Waits until no Job and no pod of one is left: the sample apps have none, and a Job's pod goes a moment later. */
export async function noAgentLeft({ limitMs = removedWithinMs, in: where = namespace } = {}): Promise<void> {
  await until('no agent is left', limitMs, async () => {
    const jobs = await kubectl('-n', where, 'get', 'jobs', '-o', 'name');
    const left = jobs + (await kubectl('-n', where, 'get', 'pods', '-l', 'batch.kubernetes.io/job-name', '-o', 'name'));
    return left === '' || `left: ${left.trim()}`;
  });
}
