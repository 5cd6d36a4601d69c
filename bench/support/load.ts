// Requests on kept-alive connections from two samplers in turns, and the rows that come of them.

import type { Sampler } from './bench.ts';
import type { Row } from './figure.ts';
import { inTurns, quantile } from './samples.ts';

const rounds = 12;

export interface Side {
  readonly sampler: Sampler;
  readonly url: string;
}

/** @param what the request, for the table */
export async function compareRequests(
  what: string,
  against: string,
  connections: number,
  sides: { readonly ours: Side; readonly base: Side },
): Promise<Row[]> {
  const count = 150 * connections;
  const seconds = { ours: 0, base: 0 };
  const load = (name: 'ours' | 'base') => async () => {
    const { sampler, url } = sides[name];
    const start = performance.now();
    const samples = await sampler({ kind: 'requests', url, connections, count });
    seconds[name] += (performance.now() - start) / 1000;
    return samples;
  };
  const samples = await inTurns(rounds, { ours: load('ours'), base: load('base') });
  const row = (figure: string, unit: Row['unit'], value: (name: 'ours' | 'base') => number): Row => ({
    what: `${what}, ${connections} conn., ${figure}`,
    against,
    unit,
    ours: value('ours'),
    base: value('base'),
  });
  return [
    row('p50', 'µs', (name) => quantile(samples[name], 0.5)),
    row('p99', 'µs', (name) => quantile(samples[name], 0.99)),
    row('rate', 'requests/s', (name) => ((rounds + 1) * count) / seconds[name]),
  ];
}
