// Compiles a small C program with parts of native/, for a test that runs it.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const compiler = process.env.CC || 'cc';

/** Why such a test does not run here, or false. */
export const noCompiler =
  process.platform !== 'linux' || spawnSync(compiler, ['--version']).status !== 0
    ? 'needs Linux and a C compiler'
    : false;

/** Undefined behaviour and bad accesses end the program. */
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** @param sources beside the program's own, from native/preload. @returns runs it; its stdout */
export function compile(program: string, sources: readonly string[] = []): (args: string[], input?: string) => string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mirrord-native-'));
  after(() => rmSync(folder, { recursive: true }));
  const output = path.join(folder, program);
  execFileSync(compiler, [
    ...['-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-Werror', ...sanitizers],
    ...[`-I${path.join(root, 'native/include')}`, `-I${path.join(root, 'native/preload')}`],
    path.join(root, 'test/unit/native/programs', `${program}.c`),
    ...sources.map((name) => path.join(root, 'native/preload', name)),
    ...['-o', output],
  ]);
  return (args, input = '') => execFileSync(output, args, { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}
