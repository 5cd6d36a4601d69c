// Builds the native layer into dist/native/<platform>-<architecture>/ with the system's C compiler ($CC, or cc).

import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Where there is Linux; elsewhere the layer in Node is all there is. Without a compiler it says so and goes on. */
export async function buildNative(folder = join(root, 'dist/native', `${process.platform}-${process.arch}`)) {
  if (process.platform !== 'linux') return;
  try {
    await buildPreload(folder);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    console.warn('There is no C compiler, so mirrord exec will reach Node programs only.');
  }
}

/**
 * @param {readonly string[]} extraFlags for the tests: the sanitizers
 */
export async function buildPreload(folder, extraFlags = []) {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const flags = [
    ...['-std=gnu11', '-O2', '-g', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-fvisibility=hidden'],
    // libc declares that some arguments are never NULL, and programs give NULL all the same: our checks stay.
    ...['-fno-delete-null-pointer-checks', '-Wno-nonnull-compare'],
    ...[`-DMIRRORD_VERSION=${JSON.stringify(version)}`, `-I${join(root, 'native/include')}`],
  ];
  const sources = join(root, 'native/preload');
  const files = readdirSync(sources).filter((name) => name.endsWith('.c'));
  await mkdir(folder, { recursive: true });
  const output = join(folder, 'mirrord_preload.so');
  const args = [...flags, ...extraFlags, ...files.map((name) => join(sources, name)), '-o', output, '-ldl', '-pthread'];
  await promisify(execFile)(process.env.CC || 'cc', args);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildNative();
