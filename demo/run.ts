// npm run demo [-- --yes] [-- --sandbox] [-- --context NAME]
// The same small program, run plainly and through mirrord, and what it saw side by side.

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MirrordError } from '../src/errors.ts';
import { chooseTarget } from './choose-target.ts';
import { Closers } from './closers.ts';
import type { DemoTarget } from './demo-target.ts';
import { runPlainly, runThroughMirrord } from './program.ts';
import { table } from './table.ts';

async function demo(closers: Closers): Promise<void> {
  const target = await chooseTarget(readChoice(), closers);
  await closers.goOn();
  console.error(`Target: ${target.description}`);
  console.error('Running demo/app.mjs plainly …');
  const plain = await runPlainly(target, closers);
  await closers.goOn();
  console.error(`Running it through mirrord: ${commandLine(target)} …`);
  const mirrored = await runThroughMirrord(target, closers);
  await closers.goOn();
  console.log(`\n${table(plain, mirrored)}`);
  console.log(target.otherWay);
}

/** As one would type it, with MIRRORD_CONNECT_TCP for the sandbox. */
function commandLine({ environment, flags }: DemoTarget): string {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return [...variables, 'mirrord exec', ...flags, '--steal -- node demo/app.mjs'].join(' ');
}

function readChoice() {
  const { values } = parseArgs({
    options: {
      yes: { type: 'boolean', short: 'y', default: false },
      sandbox: { type: 'boolean', default: false },
      context: { type: 'string' },
    },
  });
  return { yes: values.yes, sandbox: values.sandbox, context: values.context };
}

/** How the demo ended: an exit code, and what is to be said. */
interface Outcome {
  readonly code: number;
  readonly error?: unknown;
}

const complete = (closers: Closers): Promise<Outcome> =>
  demo(closers).then(
    () => ({ code: 0 }),
    // A Ctrl-C ends the programs of the terminal, too, and may be seen by their end first.
    (error: unknown) => sleep(100, { code: 1, error }),
  );

/** With the exit code of a program that the signal ended. */
function interrupted(): Promise<Outcome> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve({ code: 130 }));
    process.once('SIGTERM', () => resolve({ code: 143 }));
    process.once('SIGHUP', () => resolve({ code: 129 }));
  });
}

const closers = new Closers();
const { code, error } = await Promise.race([complete(closers), interrupted()]);
if (error !== undefined) console.error(error instanceof MirrordError ? error.format() : error);
await closers.close();
process.exit(code);
