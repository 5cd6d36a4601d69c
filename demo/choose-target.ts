// Which target the demo takes: the cluster of the kubeconfig's context when it answers and the user agrees
// to what is made there, otherwise the sandbox pod.

import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { MirrordError } from '../src/errors.ts';
import type { Cluster } from '../src/kube/cluster.ts';
import type { Closers } from './closers.ts';
import type { DemoTarget } from './demo-target.ts';
import { sandboxTarget } from './sandbox-target.ts';

const answerLimitMs = 2000;

export interface Choice {
  readonly sandbox: boolean;
  readonly yes: boolean;
  readonly context: string | undefined;
}

/** @throws MirrordError when the context that was asked for does not answer, or the target cannot be made */
export async function chooseTarget(choice: Choice, closers: Closers): Promise<DemoTarget> {
  if (choice.sandbox) return sandboxTarget(closers);
  const found = await findCluster(choice.context);
  if (found instanceof MirrordError) {
    if (choice.context !== undefined) throw found;
    console.error(`${found.message} Taking the sandbox.`);
    return sandboxTarget(closers);
  }
  if (!choice.yes && !(await isAgreed(found))) return sandboxTarget(closers);
  const { clusterTarget } = await import('./cluster-target.ts');
  return clusterTarget(found, closers);
}

/** The cluster of the context when it answers at once, otherwise why there is none. */
async function findCluster(context: string | undefined): Promise<Cluster | MirrordError> {
  // Only now: the Kubernetes client takes half a second to load.
  const { openCluster } = await import('../src/kube/cluster.ts');
  const { VersionApi } = await import('@kubernetes/client-node');
  try {
    const cluster = openCluster({ kubeconfig: undefined, kubeContext: context, acceptInvalidCertificates: false });
    const version = cluster.kubeConfig.makeApiClient(VersionApi).getCode();
    const answered = await Promise.race([version.catch(() => undefined), sleep(answerLimitMs, undefined)]);
    return answered === undefined ? noAnswer(cluster.context) : cluster;
  } catch (error) {
    if (error instanceof MirrordError) return error;
    throw error;
  }
}

async function isAgreed({ context, server }: Cluster): Promise<boolean> {
  const cluster = `context "${context}" (${server})`;
  if (!process.stdin.isTTY) {
    console.error(`Not asking about ${cluster} without a terminal ("--yes" takes it): taking the sandbox.`);
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // In raw mode the terminal gives Ctrl-C to readline alone.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const question = `May the demo make namespace "mirrord-demo" in ${cluster}, and remove it afterwards? [y/N] `;
  const answer = await terminal.question(question);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

const noAnswer = (context: string) =>
  new MirrordError('CLUSTER_UNREACHABLE', `The cluster of context "${context}" does not answer.`, {
    help: `"kubectl --context ${context} version" says more; "npm run demo -- --sandbox" needs no cluster.`,
  });
