// Requests of a client in the cluster: to a stolen port, which the local program answers, against the same to
// a port of the same pod that is left alone.

import type { Figure } from './support/figure.ts';
import { compareRequests } from './support/load.ts';
import { podAddress } from './support/pods.ts';

export const figure: Figure = {
  name: 'incoming',
  title: 'a stolen request against one direct to the pod',
  measure: async (bench) => {
    await bench.mirrored('server.mjs').nextLine();
    const host = await podAddress('target');
    const sampler = bench.samplerInCluster();
    const ours = { sampler, url: `http://${host}:18080/` };
    const base = { sampler, url: `http://${host}:19090/` };
    return [
      ...(await compareRequests('stolen GET', 'direct to the pod', 1, { ours, base })),
      ...(await compareRequests('stolen GET', 'direct to the pod', 16, { ours, base })),
    ];
  },
};
