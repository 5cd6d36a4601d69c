// Builds the agent into dist/agent: the bundle agent.cjs, and next to it the addon with its system calls.
// The image (agent/Dockerfile), the tests and scripts/build.mjs all take it from here.

import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { include_dir as headers } from 'node-api-headers';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Builds the bundle and, where there is Linux, the addon. */
export async function buildAgent(folder = join(root, 'dist/agent')) {
  await mkdir(folder, { recursive: true });
  const jobs = [bundle(folder)];
  // The agent runs on Linux only; on another system there is just nothing to compile.
  if (process.platform === 'linux') jobs.push(buildAddon(folder));
  await Promise.all(jobs);
}

/**
 * Compiles the addon with the system's C compiler ($CC, or cc).
 * @param {readonly string[]} extraFlags for the tests: the sanitizers
 */
export async function buildAddon(folder, extraFlags = []) {
  const flags = ['-std=gnu11', '-O2', '-g', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', `-I${headers}`];
  const output = join(folder, 'mirrord_agent.node');
  const folderOfSources = join(root, 'native/agent');
  const sources = (await readdir(folderOfSources)).filter((name) => name.endsWith('.c'));
  const paths = sources.map((name) => join(folderOfSources, name));
  await promisify(execFile)(process.env.CC || 'cc', [...flags, ...extraFlags, ...paths, '-o', output]);
}

async function bundle(folder) {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  await build({
    entryPoints: [join(root, 'agent/main.ts')],
    outfile: join(folder, 'agent.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    define: { MIRRORD_VERSION: JSON.stringify(version) },
    logLevel: 'warning',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAgent();
