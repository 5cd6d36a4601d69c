// A file of this machine, in the temporary folder, which is local to a program through mirrord.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Closers } from './closers.ts';

export function localCopy(closers: Closers, bytes: number): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mirrord-bench-'));
  closers.add(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'file');
  writeFileSync(file, '.'.repeat(bytes));
  return file;
}
