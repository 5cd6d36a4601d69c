// A folder for one test, removed when the test's process ends.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mirrord-unit-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
