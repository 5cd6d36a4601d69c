// What tests have installed stays outside the repository, where a fresh clone finds it.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const folder =
  process.env.MIRRORD_CACHE_DIR ??
  path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'mirrord-for-node');

/**
 * A folder of the cache.
 * @param make fills it, when it is asked for the first time; an interrupted one never counts
 */
export function cached(name: string, make: (folder: string) => void): string {
  const whole = path.join(folder, name);
  if (fs.existsSync(whole)) return whole;
  fs.mkdirSync(path.dirname(whole), { recursive: true });
  const part = fs.mkdtempSync(`${whole}.part`);
  make(part);
  try {
    fs.renameSync(part, whole);
  } catch (error) {
    if (!fs.existsSync(whole)) throw error;
    fs.rmSync(part, { recursive: true }); // another run was first
  }
  return whole;
}
