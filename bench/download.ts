// Bulk: a large download from a service of the cluster, against the same through `kubectl port-forward`.

import type { Figure } from './support/figure.ts';
import { podAddress, portForward } from './support/pods.ts';
import { inTurns, median } from './support/samples.ts';

const rounds = 5;
const bytes = 100_000_000;

export const figure: Figure = {
  name: 'download',
  title: 'a download of 100 MB against one through kubectl port-forward',
  measure: async (bench) => {
    const port = await portForward(bench.closers, 'pod/prices', 8080);
    const host = await podAddress('prices');
    const ours = bench.samplerThroughMirrord();
    const base = bench.samplerHere();
    const samples = await inTurns(rounds, {
      ours: () => ours({ kind: 'download', url: `http://${host}:8080/${bytes}` }),
      base: () => base({ kind: 'download', url: `http://127.0.0.1:${port}/${bytes}` }),
    });
    const rate = (microseconds: readonly number[]) => bytes / median(microseconds); // bytes a µs are MB a second
    return [
      {
        what: '100 MB down',
        against: 'kubectl port-forward',
        unit: 'MB/s',
        ours: rate(samples.ours),
        base: rate(samples.base),
      },
    ];
  },
};
