// A configuration file for one run of mirrord; all are gone after the test file.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mirrord-e2e-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

let count = 0;

/** @returns its path */
export function configFile(settings: unknown): string {
  const file = path.join(folder, `${++count}.json`);
  fs.writeFileSync(file, JSON.stringify(settings));
  return file;
}
