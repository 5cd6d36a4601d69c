// What the developer reads while a session starts and ends. On stderr: stdout belongs to the program.

import { MirrordError } from '../errors.ts';

/** @param line a sentence or two, without a line break */
export function report(line: string): void {
  process.stderr.write(`mirrord: ${line}\n`);
}

/** Prints an error; one that is not ours with its stack, since it is a mistake of ours. */
export function reportError(error: unknown): void {
  if (error instanceof MirrordError) process.stderr.write(error.format());
  else process.stderr.write(`mirrord: ${error instanceof Error ? error.stack : String(error)} [INTERNAL]\n`);
}
