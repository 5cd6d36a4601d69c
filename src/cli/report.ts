// What the developer reads while a session starts and ends. On stderr: stdout belongs to the program.

import { MirrordError } from '../errors.ts';

/**
 * The terminal, or whoever reads our stderr, can go before us; that is no reason to stop, and to leave the
 * agent behind. Called once, before anything is reported.
 */
export function outliveTerminal(): void {
  process.stderr.on('error', () => {});
}

/** @param line a sentence or two, without a line break */
export function report(line: string): void {
  process.stderr.write(`mirrord: ${line}\n`);
}

/** Prints an error; one that is not ours with its stack, since it is a mistake of ours. */
export function reportError(error: unknown): void {
  if (error instanceof MirrordError) process.stderr.write(error.format());
  else process.stderr.write(`mirrord: ${error instanceof Error ? error.stack : String(error)} [INTERNAL]\n`);
}
