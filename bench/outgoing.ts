// Requests from the program to a service of the cluster, against the same through `kubectl port-forward`.

import type { Figure } from './support/figure.ts';
import { compareRequests } from './support/load.ts';
import { portForward } from './support/pods.ts';

export const figure: Figure = {
  name: 'outgoing',
  title: 'a request to a service of the cluster against one through kubectl port-forward',
  measure: async (bench) => {
    const port = await portForward(bench.closers, 'svc/prices', 80);
    const ours = { sampler: bench.samplerThroughMirrord(), url: 'http://prices/' };
    const base = { sampler: bench.samplerHere(), url: `http://127.0.0.1:${port}/` };
    return [
      ...(await compareRequests('GET prices', 'kubectl port-forward', 1, { ours, base })),
      ...(await compareRequests('GET prices', 'kubectl port-forward', 16, { ours, base })),
    ];
  },
};
