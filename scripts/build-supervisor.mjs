// Builds the supervisor into dist/supervisor: its bundle, the addon with its system calls, and the launcher.

import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { include_dir as headers } from 'node-api-headers';

const root = fileURLToPath(new URL('..', import.meta.url));
const cc = (...args) => promisify(execFile)(process.env.CC || 'cc', ['-std=gnu11', '-O2', '-g', ...warnings, ...args]);
const warnings = ['-Wall', '-Wextra', '-Werror'];

/** Builds all of it, where there is Linux: no other system has what it needs. */
export async function buildSupervisor(folder = join(root, 'dist/supervisor')) {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return;
  await mkdir(folder, { recursive: true });
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  await Promise.all([
    build({
      entryPoints: [join(root, 'supervisor/main.ts')],
      outfile: join(folder, 'supervisor.cjs'),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      define: { MIRRORD_VERSION: JSON.stringify(version) },
      logLevel: 'warning',
    }),
    buildSupervisorAddon(folder),
    cc('-static', join(root, 'native/seccomp/launch.c'), '-o', join(folder, 'mirrord-seccomp-launch')),
  ]);
}

/** @param {readonly string[]} extraFlags for the tests: the sanitizers */
export async function buildSupervisorAddon(folder, extraFlags = []) {
  const source = join(root, 'native/seccomp/addon.c');
  await cc('-shared', '-fPIC', `-I${headers}`, ...extraFlags, source, '-o', join(folder, 'mirrord_seccomp.node'));
}
