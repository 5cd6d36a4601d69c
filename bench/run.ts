// npm run bench: the README's figures, each a ratio of two things measured in turns in one run.
//   npm run bench                        all of them
//   npm run bench -- files outgoing      these
//   npm run bench -- --json              for a program
// On the test cluster, or on that of MIRRORD_TEST_KUBECONFIG. Absolute figures are for orientation only.

import { parseArgs } from 'node:util';
import { figure as bulk } from './bulk.ts';
import { figure as files } from './files.ts';
import { figure as imported } from './import.ts';
import { figure as incoming } from './incoming.ts';
import { figure as local } from './local.ts';
import { preloaded, supervised } from './native.ts';
import { figure as outgoing } from './outgoing.ts';
import { figure as start } from './start.ts';
import { Bench } from './support/bench.ts';
import type { Figure } from './support/figure.ts';
import { type NamedRow, table } from './support/table.ts';

const figures = [imported, start, local, files, outgoing, incoming, bulk, preloaded, supervised];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } });
  const chosen = choose(positionals);
  const bench = new Bench();
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.once(signal, () => void bench.closers.close().then(() => process.exit(128 + number)));
  }
  const rows: NamedRow[] = [];
  try {
    await bench.open();
    for (const { name, measure } of chosen) {
      console.error(`bench: ${name} …`);
      rows.push(...(await measure(bench)).map((row) => ({ figure: name, ...row })));
    }
  } finally {
    await bench.closers.close();
  }
  console.log(values.json ? JSON.stringify(rows, undefined, 2) : table(rows));
}

function choose(names: readonly string[]): readonly Figure[] {
  for (const name of names) {
    if (!figures.some((figure) => figure.name === name)) {
      const lines = figures.map((figure) => `  ${figure.name.padEnd(10)}${figure.title}`);
      throw new Error(`There is no figure "${name}". There are:\n${lines.join('\n')}`);
    }
  }
  return names.length === 0 ? figures : figures.filter(({ name }) => names.includes(name));
}

main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
});
