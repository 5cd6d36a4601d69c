// A pod of a real cluster as the demo's target: demo.yaml's namespace, made for this run and removed after it.

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ApiException,
  type CoreV1Api,
  type KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  loadAllYaml,
  PatchStrategy,
} from '@kubernetes/client-node';
import { MirrordError } from '../src/errors.ts';
import type { Cluster } from '../src/kube/cluster.ts';
import type { Closers } from './closers.ts';
import { answerer, type DemoTarget } from './demo-target.ts';
import { demoNamespace, freeNamespace, owner, removeNamespace } from './namespace.ts';

const readyLimitMs = 120_000;

/** @throws MirrordError when the namespace is somebody else's, or the pods do not come up */
export async function clusterTarget(cluster: Cluster, closers: Closers): Promise<DemoTarget> {
  const { context, core } = cluster;
  await freeNamespace(core);
  await closers.add(() => removeNamespace(core));
  console.error(`Making namespace "${demoNamespace}" in context "${context}" …`);
  await apply(cluster.kubeConfig);
  await podsReady(cluster);
  return {
    description: `deployment/shop in namespace "${demoNamespace}" of context "${context}"`,
    otherWay: 'Without a cluster: npm run demo -- --sandbox',
    flags: ['--context', context, '-n', demoNamespace, '-t', 'deployment/shop'],
    environment: {},
    askPod: () => askThroughService(core),
  };
}

async function apply(config: KubeConfig): Promise<void> {
  const objects = KubernetesObjectApi.makeApiClient(config);
  for (const each of manifest()) {
    await objects.patch(each, undefined, undefined, owner, true, PatchStrategy.ServerSideApply);
  }
}

/** demo.yaml, with the files of pod/ as ConfigMaps right behind the namespace. */
function manifest(): KubernetesObject[] {
  const image = process.env.MIRRORD_DEMO_IMAGE;
  const text = readFileSync(new URL('demo.yaml', import.meta.url), 'utf8');
  const [namespace, ...rest] = loadAllYaml(image === undefined ? text : text.replaceAll(/(?<=image: ).*/g, image));
  return [namespace, configMap('app'), configMap('config'), ...rest];
}

function configMap(name: string): KubernetesObject & { data: Record<string, string> } {
  const folder = new URL(`pod/${name}/`, import.meta.url);
  const data = readdirSync(folder).map((file) => [file, readFileSync(new URL(file, folder), 'utf8')]);
  const metadata = { name, namespace: demoNamespace };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: Object.fromEntries(data) };
}

async function podsReady(cluster: Cluster): Promise<void> {
  const start = Date.now();
  for (;;) {
    const obstacle = (await podsObstacle(cluster)) ?? (await answerObstacle(cluster));
    if (obstacle === undefined) return;
    if (Date.now() - start > readyLimitMs) throw notReady(obstacle);
    await sleep(300);
  }
}

async function podsObstacle({ apps, core }: Cluster): Promise<string | undefined> {
  const { items } = await apps.listNamespacedDeployment({ namespace: demoNamespace });
  if (items.length > 0 && items.every(({ status }) => (status?.readyReplicas ?? 0) > 0)) return undefined;
  const pods = await core.listNamespacedPod({ namespace: demoNamespace });
  const reasons = pods.items.map(({ metadata, status }) => {
    const waiting = status?.containerStatuses?.[0]?.state?.waiting;
    const pending = status?.conditions?.find((condition) => condition.status === 'False')?.message;
    return `${metadata?.name}: ${waiting?.message ?? waiting?.reason ?? pending ?? status?.phase}`;
  });
  return reasons.join('; ') || 'there are none';
}

// The nodes and the cluster's DNS learn of a new service a moment after its pods are ready.
async function answerObstacle({ core }: Cluster): Promise<string | undefined> {
  try {
    const from = await askThroughService(core);
    return from === 'the pod' ? undefined : `${from} answers`;
  } catch (error) {
    return `the shop does not answer: ${error instanceof Error ? error.message : error}`;
  }
}

const notReady = (obstacle: string) =>
  new MirrordError(
    'SESSION_FAILED',
    `The demo's pods are not ready after ${readyLimitMs / 60_000} minutes: ${obstacle}.`,
    {
      help: 'MIRRORD_DEMO_IMAGE=NAME sets an image that the cluster can get; "npm run demo -- --sandbox" needs no cluster.',
    },
  );

/** The API server's way to a service, which needs nothing else of the cluster. (An empty path would be redirected.) */
async function askThroughService(core: CoreV1Api): Promise<string> {
  const path = { name: 'shop:8080', namespace: demoNamespace, path: 'hello' };
  const body: unknown = await core.connectGetNamespacedServiceProxyWithPath(path).catch((error: unknown) => {
    throw error instanceof ApiException ? new Error(messageOf(error)) : error;
  });
  return answerer(typeof body === 'string' ? JSON.parse(body) : body);
}

/** What the API server, or the shop, has said in its body. */
function messageOf({ body, code }: ApiException<unknown>): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return /"(?:message|error)":"(.*?)"[,}]/.exec(text)?.[1] ?? `HTTP status ${code}`;
}
