// Requests of a client in the cluster to ports of one pod: stolen, stolen and passed on by a filter, mirrored, all
// against a port that is left alone. And an upload that is stolen, against the same bytes through a port-forward.

import type { Bench, Sampler } from './support/bench.ts';
import type { Figure, Row } from './support/figure.ts';
import { podAddress, portForward } from './support/pods.ts';
import { inTurns, median, quantile } from './support/samples.ts';

const rounds = 8;
const uploadRounds = 3;
const uploadBytes = 1_000_000_000;
const mine = { 'X-User': 'me' };

export const figure: Figure = {
  name: 'incoming',
  title: 'requests that are passed on, stolen or mirrored against direct ones',
  measure: async (bench) => {
    await bench.mirrored('server.mjs').nextLine();
    await bench.ownSession(['--steal'], { MIRRORD_HTTP_HEADER_FILTER: '^x-user: me$' }, 'server.mjs', '18081');
    await bench.ownSession([], {}, 'server.mjs', '18082');
    const host = await podAddress('target');
    const sampler = bench.samplerInCluster();
    const rows: Row[] = [];
    for (const connections of [1, 16, 64]) rows.push(...(await requests(sampler, host, connections)));
    return [...rows, await upload(bench, sampler, host)];
  },
};

async function requests(sampler: Sampler, host: string, connections: number): Promise<Row[]> {
  const count = 100 + 60 * connections;
  const seconds = { direct: 0, 'passed on': 0, 'stolen by filter': 0, stolen: 0, mirrored: 0 };
  type Side = keyof typeof seconds;
  const ask =
    (side: Side, port: number, headers = {}) =>
    async () => {
      const start = performance.now();
      const samples = await sampler({ kind: 'requests', url: `http://${host}:${port}/`, headers, connections, count });
      seconds[side] += (performance.now() - start) / 1000;
      return samples;
    };
  const samples = await inTurns<Side>(rounds, {
    direct: ask('direct', 19090),
    'passed on': ask('passed on', 18081),
    'stolen by filter': ask('stolen by filter', 18081, mine),
    stolen: ask('stolen', 18080),
    mirrored: ask('mirrored', 18082),
  });
  const sides: readonly Side[] = ['passed on', 'stolen by filter', 'stolen', 'mirrored'];
  return sides.flatMap((side) => {
    const row = (name: string, unit: Row['unit'], value: (of: Side) => number): Row => ({
      what: `${side}, ${connections} conn., ${name}`,
      against: 'direct to the pod',
      unit,
      ours: value(side),
      base: value('direct'),
    });
    return [
      row('p50', 'µs', (of) => quantile(samples[of], 0.5)),
      row('p99', 'µs', (of) => quantile(samples[of], 0.99)),
      row('rate', 'requests/s', (of) => ((rounds + 1) * count) / seconds[of]),
    ];
  });
}

async function upload(bench: Bench, client: Sampler, host: string): Promise<Row> {
  const port = await portForward(bench.closers, 'pod/prices', 8080);
  const here = bench.samplerHere();
  const samples = await inTurns(uploadRounds, {
    ours: () => client({ kind: 'upload', url: `http://${host}:18080/`, bytes: uploadBytes }),
    base: () => here({ kind: 'download', url: `http://127.0.0.1:${port}/${uploadBytes}` }),
  });
  const rates = { ours: uploadBytes / median(samples.ours), base: uploadBytes / median(samples.base) };
  return { what: '1 GB upload, stolen', against: 'out of a pod, kubectl port-forward', unit: 'MB/s', ...rates };
}
