// The target's name files (/etc/hosts, resolv.conf, services), read anew each time: they change.

import { promises as fs } from 'node:fs';

/** A file that is not there is as an empty one, to glibc as well. */
export async function readOrEmpty(path: string): Promise<string> {
  try {
    return await fs.readFile(path, 'utf8');
  } catch {
    return '';
  }
}
