// The demo's namespace in a cluster: what the demo makes is in it, and goes with it.

import { setTimeout as sleep } from 'node:timers/promises';
import { ApiException, type CoreV1Api, type V1Namespace } from '@kubernetes/client-node';
import { MirrordError } from '../src/errors.ts';

export const demoNamespace = 'mirrord-demo';

/** The value of the label app.kubernetes.io/managed-by, and the name that changes are made under. */
export const owner = 'mirrord-demo';

const removedLimitMs = 60_000;

/**
 * Makes sure that the namespace may be made: what an earlier run has left by its death is taken over, what it is
 * removing is waited for.
 * @throws MirrordError when it is somebody else's
 */
export async function freeNamespace(core: CoreV1Api): Promise<void> {
  const there = await readNamespace(core);
  if (there === undefined) return;
  if (there.metadata?.labels?.['app.kubernetes.io/managed-by'] !== owner) {
    throw new MirrordError('SESSION_FAILED', `There is a namespace "${demoNamespace}" that the demo has not made.`, {
      help: 'Remove or rename it, or use "npm run demo -- --sandbox".',
    });
  }
  if (there.status?.phase === 'Terminating') await namespaceGone(core);
}

/** Returns when the namespace is gone, so that the next run starts from nothing. */
export async function removeNamespace(core: CoreV1Api): Promise<void> {
  console.error(`Removing namespace "${demoNamespace}" …`);
  await core.deleteNamespace({ name: demoNamespace }).catch(unlessNotFound);
  await namespaceGone(core);
}

async function namespaceGone(core: CoreV1Api): Promise<void> {
  const start = Date.now();
  while ((await readNamespace(core)) !== undefined) {
    if (Date.now() - start > removedLimitMs) {
      throw new MirrordError('SESSION_FAILED', `Namespace "${demoNamespace}" is being removed, and is not gone yet.`, {
        help: `See "kubectl get namespace ${demoNamespace} -o yaml" for what holds it.`,
      });
    }
    await sleep(300);
  }
}

async function readNamespace(core: CoreV1Api): Promise<V1Namespace | undefined> {
  return core.readNamespace({ name: demoNamespace }).catch(unlessNotFound);
}

function unlessNotFound(error: unknown): undefined {
  if (error instanceof ApiException && error.code === 404) return undefined;
  throw error;
}
