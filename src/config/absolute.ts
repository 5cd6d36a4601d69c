// Paths that the developer wrote, as absolute ones.

import { homedir } from 'node:os';
import { resolve } from 'node:path';

/** `~/` is the home folder, anything else is relative to `cwd`. */
export function absolute(path: string, cwd: string): string {
  return resolve(cwd, path.replace(/^~(?=\/|$)/, homedir()));
}
