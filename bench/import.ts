// What `mirrord/register` adds to the start of a Node process, once the session exists.

import { pathToFileURL } from 'node:url';
import type { Figure } from './support/figure.ts';
import { importedLoader, loader } from './support/places.ts';
import { timeOf } from './support/processes.ts';
import { inTurns, median } from './support/samples.ts';

const rounds = 40;

export const figure: Figure = {
  name: 'import',
  title: 'start of a Node process with mirrord/register against one without',
  measure: async (bench) => {
    const run = (...flags: string[]) => [timeOf([...flags, '-e', '0'], bench.sessionEnv)];
    const { bare, required, imported } = await inTurns(rounds, {
      bare: () => run(),
      required: () => run(`--require=${loader}`),
      imported: () => run(`--import=${pathToFileURL(importedLoader)}`),
    });
    const against = { against: 'node -e 0', unit: 'ms', base: median(bare) } as const;
    return [
      { what: 'node --require mirrord/register -e 0', ours: median(required), ...against },
      { what: 'node --import mirrord/register -e 0', ours: median(imported), ...against },
    ];
  },
};
