// What a developer waits for: from `mirrord exec` to the program's first line, and what of it is the command
// line itself.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { execFlags } from './support/bench.ts';
import type { Figure } from './support/figure.ts';
import { cli } from './support/places.ts';
import { LineProcess, timeOf } from './support/processes.ts';
import { inTurns, median } from './support/samples.ts';

export const figure: Figure = {
  name: 'start',
  title: 'from mirrord exec to the first line of the program, and the start of the command line alone',
  measure: async () => {
    const hello = ['-e', 'console.log(1)'];
    const whole = await inTurns(4, {
      exec: () => firstLine([cli, ...execFlags, '--', process.execPath, ...hello]),
      node: () => firstLine(hello),
    });
    const parts = await inTurns(20, {
      version: () => [timeOf([cli, '--version'])],
      client: () => [timeOf(['--input-type=module', '-e', `import ${JSON.stringify(kubernetesClient())}`])],
      node: () => [timeOf(['-e', '0'])],
    });
    const base = { base: median(parts.node), unit: 'ms', against: 'node -e 0' } as const;
    return [
      {
        what: 'mirrord exec to the first line',
        ours: median(whole.exec),
        base: median(whole.node),
        unit: 'ms',
        against: 'node -e',
      },
      { what: 'mirrord --version', ours: median(parts.version), ...base },
      { what: 'import of the Kubernetes client', ours: median(parts.client), ...base },
    ];
  },
};

async function firstLine(args: readonly string[]): Promise<number[]> {
  const start = performance.now();
  const started = new LineProcess(process.execPath, args);
  await started.nextLine();
  const ms = performance.now() - start;
  await started.close();
  return [ms];
}

/** The part of dist/ that holds it: loaded by those commands only that need it. */
function kubernetesClient(): string {
  const folder = path.dirname(cli);
  const name = readdirSync(folder).find((file) => file.startsWith('cluster-agent-'));
  return String(pathToFileURL(path.join(folder, name ?? '')));
}
