// The link without a proxy and a program: what a round trip to the session's agent costs by itself.

import { agentPort } from '../../src/kube/agent-job.ts';
import { openCluster } from '../../src/kube/cluster.ts';
import { PortForward } from '../../src/kube/port-forward.ts';
import { ownHello } from '../../src/protocol/hello.ts';
import { Link } from '../../src/protocol/link.ts';
import type { Closers } from './closers.ts';
import { namespace, podWith } from './pods.ts';

export interface BareLink {
  /** @returns microseconds each, one call after the other */
  roundTrips(count: number): Promise<number[]>;
}

/** A link of its own to the agent of the session, over a port-forward of its own. */
export async function openLink(closers: Closers): Promise<BareLink> {
  const cluster = openCluster({ kubeconfig: undefined, kubeContext: undefined, acceptInvalidCertificates: false });
  const pod = await podWith('mirrord.dev/target-pod=target');
  const transport = await PortForward.open(cluster, namespace, pod, agentPort);
  const link = await Link.connect(transport, ownHello('proxy'), 10_000);
  link.serve({});
  closers.add(() => link.close());
  return {
    async roundTrips(count) {
      const samples: number[] = [];
      for (let done = 0; done < count; done++) {
        const start = performance.now();
        // The smallest call there is: nothing to encode, nothing to do, since this session has no port.
        await link.request('release', { port: 1 });
        samples.push(1000 * (performance.now() - start));
      }
      return samples;
    },
  };
}
