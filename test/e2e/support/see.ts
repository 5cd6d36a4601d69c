// What the program test/apps/probe/see.mjs saw.

/** The parts of an error that programs look at, as JSON keeps them. */
export interface SeenError {
  readonly code?: string;
  readonly errno?: number;
  readonly syscall?: string;
  readonly path?: string;
  readonly hostname?: string;
  readonly address?: string;
  readonly port?: number;
  readonly message?: string;
}

/** By the name of the look: a value, or a SeenError. */
export type Seen = Readonly<Record<string, unknown>>;

/** @param stdout of see.mjs, perhaps with more lines behind */
export function parseSeen(stdout: string): Seen {
  const [line = ''] = stdout.split('\n', 1);
  return JSON.parse(line) as Seen;
}
