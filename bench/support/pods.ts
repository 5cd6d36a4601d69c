// The bench's pods: makes sure that there is a cluster, and puts the pods into a namespace of their own.

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Closers } from './closers.ts';
import { podFile, program, root } from './places.ts';
import { LineProcess, run } from './processes.ts';

/** Several working copies on one machine give their runs different names; see test/cluster/README.md. */
const suffix = process.env.MIRRORD_TEST_RUN === undefined ? '' : `-${process.env.MIRRORD_TEST_RUN}`;

export const namespace = `mirrord-bench${suffix}`;

/** The size of the file that is read in the pod, `/bench/file`. */
export const fileBytes = 4096;

/** Starts the test cluster, unless MIRRORD_TEST_KUBECONFIG names one; this process's environment leads to it then. */
export function useCluster(): void {
  process.env.MIRRORD_AGENT_IMAGE ??= `localhost/mirrord-agent:test${suffix}`;
  const given = process.env.MIRRORD_TEST_KUBECONFIG;
  if (given !== undefined) {
    process.env.KUBECONFIG = given;
    return;
  }
  const script = path.join(root, 'test/cluster/cluster.sh');
  for (const command of ['up', 'test-images']) {
    const { status } = spawnSync('bash', [script, command], { stdio: ['ignore', 2, 2] });
    if (status !== 0) throw new Error(`"cluster.sh ${command}" failed`);
  }
  const shell = `eval "$(bash '${script}' env)" && printf '%s\\n' "$KUBECONFIG" "$PATH"`;
  const [kubeconfig, searchPath] = execFileSync('bash', ['-c', shell], { encoding: 'utf8' }).split('\n');
  Object.assign(process.env, { KUBECONFIG: kubeconfig, PATH: searchPath });
}

/** Makes the pods and waits until they are ready. */
export async function makePods(closers: Closers): Promise<void> {
  closers.add(async () => void (await kubectl('delete', 'namespace', namespace, '--ignore-not-found', '--wait=false')));
  // One that an earlier run left goes first.
  await kubectl('delete', 'namespace', namespace, '--ignore-not-found');
  const manifest = readFileSync(podFile('pods.yaml'), 'utf8')
    .replaceAll('mirrord-bench', namespace)
    .replaceAll('localhost/shop:test', `localhost/shop:test${suffix}`);
  const [head, ...pods] = manifest.split(/^---\n/m);
  await run('kubectl', ['apply', '-f', '-'], [head, JSON.stringify(programs()), ...pods].join('\n---\n'));
  await kubectl('wait', '-n', namespace, '--for=condition=Ready', 'pod', '--all', '--timeout=120s');
  // The nodes learn of a new service a moment after its pods are ready.
  await kubectl('exec', '-n', namespace, 'client', '--', 'node', '--input-type=module', '-e', untilAnswered);
}

const untilAnswered = `
  for (let left = 100; ; left--) {
    if (await fetch('http://prices/').then((response) => response.ok, () => false)) break;
    if (left === 0) throw new Error('the service does not answer');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  process.exit(0);
`;

function programs(): object {
  const data = {
    'target.mjs': readFileSync(podFile('target.mjs'), 'utf8'),
    'prices.mjs': readFileSync(podFile('prices.mjs'), 'utf8'),
    'sampler.mjs': readFileSync(program('sampler.mjs'), 'utf8'),
    file: '.'.repeat(fileBytes),
  };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bench', namespace }, data };
}

export async function podAddress(name: string): Promise<string> {
  return (await kubectl('get', 'pod', '-n', namespace, name, '-o', 'jsonpath={.status.podIP}')).trim();
}

/** The newest pod with a label. */
export async function podWith(label: string): Promise<string> {
  const names = await kubectl(
    ...['get', 'pods', '-n', namespace, '-l', label, '--sort-by=.metadata.creationTimestamp', '-o', 'name'],
  );
  return names.trim().split('\n').at(-1)?.replace('pod/', '') ?? '';
}

/** `kubectl port-forward`, as a developer would use it without us. @returns the local port */
export async function portForward(closers: Closers, to: string, port: number): Promise<number> {
  const process = new LineProcess('kubectl', ['port-forward', '-n', namespace, to, `:${port}`]);
  closers.add(() => process.close('SIGTERM'));
  const line = await process.nextLine();
  const local = /127\.0\.0\.1:(\d+)/.exec(line)?.[1];
  if (local === undefined) throw new Error(`kubectl port-forward says "${line}"`);
  return Number(local);
}

function kubectl(...args: string[]): Promise<string> {
  return run('kubectl', args);
}
