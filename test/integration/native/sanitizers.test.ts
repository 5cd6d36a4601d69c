// The native layer with the address and undefined-behaviour sanitizers, under a program of many calls in the demo's
// sandbox pod: what is wrong in memory ends the program with a report.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Sandbox, startSandbox } from '../../../demo/sandbox.ts';

/** A script without types: imported by its address, so that the compiler does not look at it. */
const builder = new URL('../../../scripts/build-native.mjs', import.meta.url).href;
const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'mirrord-sanitizers-'));
const program = path.join(folder, 'calls');

describe('a program of many calls', () => {
  let sandbox: Sandbox;
  before(async () => {
    execFileSync('cc', ['-O1', path.join(root, 'test/apps/calls/calls.c'), '-o', program]);
    const { buildPreload } = await import(builder);
    await buildPreload(folder, ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all']);
    sandbox = await startSandbox();
  });
  after(async () => {
    await sandbox.stop();
    rmSync(folder, { recursive: true });
  });

  for (const [what, args, flags] of [
    ['that looks', [], []],
    ['that changes', ['/data/made'], ['--fs-mode', 'write']],
  ] as const) {
    test(`${what} meets no mistake in memory`, async () => {
      const { port } = await sandbox.startAgent();
      // env(1), in the session by the ordinary library, starts it with the other one.
      const command = ['env', `LD_PRELOAD=${sanitizer()}:${folder}/mirrord_preload.so`, program, ...args];
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [path.join(root, 'dist/cli.js'), 'exec', ...flags, '--', ...command],
        {
          cwd: folder,
          encoding: 'utf8',
          env: {
            ...process.env,
            MIRRORD_CONNECT_TCP: `127.0.0.1:${port}`,
            ASAN_OPTIONS: 'detect_leaks=0:verify_asan_link_order=0',
          },
        },
      );
      assert.doesNotMatch(stderr, /Sanitizer|runtime error/);
      assert.equal(status, 0, stderr);
      assert.ok(stdout.split('\n').length > 50, stdout);
    });
  }
});

/** The sanitizers' own library, which has to be the first. */
function sanitizer(): string {
  return realpathSync(execFileSync('cc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim());
}
