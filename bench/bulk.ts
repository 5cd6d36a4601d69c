// Bulk: 100 MB from and to a service of the cluster, against the same through `kubectl port-forward`.

import type { Sampler } from './support/bench.ts';
import type { Figure, Row } from './support/figure.ts';
import { podAddress, portForward } from './support/pods.ts';
import { inTurns, median } from './support/samples.ts';

const rounds = 5;
const bytes = 100_000_000;

export const figure: Figure = {
  name: 'bulk',
  title: 'a download and an upload of 100 MB against the same through kubectl port-forward',
  measure: async (bench) => {
    const port = await portForward(bench.closers, 'pod/prices', 8080);
    const host = await podAddress('prices');
    const ours = bench.samplerThroughMirrord();
    const base = bench.samplerHere();
    const compare = async (what: string, transfer: (sampler: Sampler, origin: string) => ReturnType<Sampler>) => {
      const samples = await inTurns(rounds, {
        ours: () => transfer(ours, `http://${host}:8080`),
        base: () => transfer(base, `http://127.0.0.1:${port}`),
      });
      // Bytes a microsecond are megabytes a second.
      const rates = { ours: bytes / median(samples.ours), base: bytes / median(samples.base) };
      return { what, against: 'kubectl port-forward', unit: 'MB/s', ...rates } satisfies Row;
    };
    return [
      await compare('100 MB down', (sampler, origin) => sampler({ kind: 'download', url: `${origin}/${bytes}` })),
      await compare('100 MB up', (sampler, origin) => sampler({ kind: 'upload', url: `${origin}/`, bytes })),
    ];
  },
};
