// What the demo's program is to run in: a pod of a cluster, or the sandbox pod.

export interface DemoTarget {
  /** For "Target: …". */
  readonly description: string;
  /** How to have the other kind. */
  readonly otherWay: string;
  /** How `mirrord exec` is led to the pod. */
  readonly flags: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Sends a request to the pod's port 8080, as another service would, and says who answered. */
  askPod(): Promise<string>;
}

/** Who answered, from the body that the shop and the program send. */
export function answerer(body: unknown): string {
  const from = typeof body === 'object' && body !== null && 'from' in body ? body.from : undefined;
  return typeof from === 'string' ? from : `unexpected: ${JSON.stringify(body)}`;
}
