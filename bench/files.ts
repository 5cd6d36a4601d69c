// A small file of the pod, read synchronously: against a local one, and against the smallest call that the
// same kind of link can do.

import type { Figure } from './support/figure.ts';
import { openLink } from './support/link.ts';
import { localCopy } from './support/local-file.ts';
import { fileBytes } from './support/pods.ts';
import { inTurns, median } from './support/samples.ts';

const rounds = 30;
const count = 40;

export const figure: Figure = {
  name: 'files',
  title: 'a remote readFileSync of 4 KB against a local one and against a bare round trip of the link',
  measure: async (bench) => {
    const link = await openLink(bench.closers);
    const sample = bench.samplerThroughMirrord();
    const local = localCopy(bench.closers, fileBytes);
    const samples = await inTurns(rounds, {
      link: () => link.roundTrips(count),
      text: () => sample({ kind: 'readText', path: '/bench/file', count }),
      remote: () => sample({ kind: 'readFile', path: '/bench/file', count }),
      stat: () => sample({ kind: 'stat', path: '/bench/file', count }),
      local: () => sample({ kind: 'readFile', path: local, count }),
    });
    const against = { against: 'bare round trip', unit: 'µs', base: median(samples.link) } as const;
    return [
      { what: "readFileSync(remote, 'utf8')", ours: median(samples.text), ...against },
      { what: 'readFileSync(remote)', ours: median(samples.remote), ...against },
      { what: 'statSync(remote)', ours: median(samples.stat), ...against },
      {
        what: 'readFileSync(remote)',
        ours: median(samples.remote),
        base: median(samples.local),
        unit: 'µs',
        against: 'readFileSync(local)',
      },
    ];
  },
};
