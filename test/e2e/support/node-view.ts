// What only the node can see: a pod's processes, and the rules and sockets in its network. With our own
// cluster only.

import { inNode, ownNodes, type Pod, pods } from './cluster.ts';

/** The end of a title: what is not looked at on somebody else's cluster. */
export const nodesNote = ownNodes
  ? ''
  : ' (without a look into the node, to which MIRRORD_TEST_KUBECONFIG gives no way)';

/** The rules of the pod's network, as nft lists them; none of a pod is ours or anybody's. */
export async function rulesOf(pod: Pod): Promise<string> {
  return inNetwork(pod, 'nft', 'list', 'ruleset');
}

/** The addresses on which something listens in the pod's network, sorted. */
export async function listenersOf(pod: Pod): Promise<string[]> {
  return (await socketsOf(pod, 'listening')).map(({ local }) => local).sort();
}

/** The other ends of the connections that are open in the pod's network. */
export async function peersOf(pod: Pod): Promise<string[]> {
  return (await socketsOf(pod, 'established')).map(({ peer }) => peer);
}

/** Kills the agent with this Job on its node, as the kernel does when memory is short. */
export async function killAgent(job: string): Promise<void> {
  const [pod] = await pods(`job-name=${job}`);
  if (pod === undefined) throw new Error(`there is no pod of ${job}`);
  await inNode(pod.node, 'kill', '-KILL', ...(await processesOf(pod)));
}

async function socketsOf(pod: Pod, state: string): Promise<{ readonly local: string; readonly peer: string }[]> {
  const lines = (await inNetwork(pod, 'ss', '-Htn', 'state', state)).split('\n').filter((line) => line !== '');
  // Recv-Q Send-Q Local Peer
  return lines.map((line) => line.trim().split(/\s+/)).map(([, , local = '', peer = '']) => ({ local, peer }));
}

/** Runs a program of the node in the network of a pod. @returns stdout */
export async function inNetwork(pod: Pod, ...command: string[]): Promise<string> {
  const [pid = ''] = await processesOf(pod);
  return inNode(pod.node, 'nsenter', '-t', pid, '-n', ...command);
}

/** The node's numbers of the processes of the pod's first container. */
async function processesOf({ node, containerId }: Pod): Promise<string[]> {
  const find = 'grep -l "$0" /proc/[0-9]*/cgroup 2> /dev/null | cut -d/ -f3';
  return (await inNode(node, 'sh', '-c', find, containerId)).trim().split('\n');
}
