// Follows the pods of a workload: a list, then a watch. Where watching may not be done or breaks, the list is
// asked for again.

import { ListWatch, type V1Pod, Watch } from '@kubernetes/client-node';
import type { Cluster } from './cluster.ts';
import type { Workload } from './kinds.ts';
import { bestFirst } from './pods.ts';

/** Without a watch the list is asked for this often. */
const againMs = 2_000;
/** Changes of one rollout come in bursts. */
const gatherMs = 50;

/**
 * @param changed gets the workload's own pods that are not on their way out, best first, at each change
 * @returns stops it
 */
export function followPods(
  cluster: Cluster,
  { selector, owns }: Workload,
  namespace: string,
  changed: (pods: V1Pod[]) => void,
): () => void {
  if (selector === undefined) return () => {};
  let stopped = false;
  let gathering: NodeJS.Timeout | undefined;
  let again: NodeJS.Timeout | undefined;

  const list = () => cluster.core.listNamespacedPod({ namespace, ...selector });
  const label = 'labelSelector' in selector ? selector.labelSelector : undefined;
  const field = 'fieldSelector' in selector ? selector.fieldSelector : undefined;
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const pods = new ListWatch<V1Pod>(path, new Watch(cluster.kubeConfig), list, false, label, field);

  const tell = () => {
    gathering ??= setTimeout(() => {
      gathering = undefined;
      changed(bestFirst(pods.list().filter(owns)));
    }, gatherMs);
  };
  const start = () => void pods.start().catch(retry);
  const retry = () => {
    if (!stopped) again ??= setTimeout(restart, againMs);
  };
  const restart = () => {
    again = undefined;
    start();
  };
  pods.on('change', tell);
  pods.on('error', retry);
  start();
  return () => {
    stopped = true;
    clearTimeout(gathering);
    clearTimeout(again);
    void pods.stop();
  };
}
