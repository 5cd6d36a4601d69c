// What is not the pod's: local files of a program through mirrord against the same in plain Node.

import type { Figure } from './support/figure.ts';
import { localCopy } from './support/local-file.ts';
import { fileBytes } from './support/pods.ts';
import { inTurns, median } from './support/samples.ts';

const rounds = 40;
const count = 2_000;

export const figure: Figure = {
  name: 'local',
  title: 'a local readFileSync and statSync with the loader against plain Node',
  measure: async (bench) => {
    const ours = bench.samplerThroughMirrord();
    const plain = bench.samplerHere();
    const path = localCopy(bench.closers, fileBytes);
    const rows = [];
    for (const [kind, what] of [
      ['readFile', 'readFileSync(local)'],
      ['readText', "readFileSync(local, 'utf8')"],
      ['stat', 'statSync(local)'],
    ] as const) {
      const samples = await inTurns(rounds, {
        ours: () => ours({ kind, path, count }),
        plain: () => plain({ kind, path, count }),
      });
      rows.push({
        what,
        ours: median(samples.ours),
        base: median(samples.plain),
        unit: 'µs',
        against: 'plain Node',
      } as const);
    }
    return rows;
  },
};
