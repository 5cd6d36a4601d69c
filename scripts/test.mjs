// npm test: runs the named suites one after the other with Node's own test runner.
//   node scripts/test.mjs unit integration e2e        node scripts/test.mjs e2e steal   (files named like this)

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const suites = ['unit', 'integration', 'e2e'];
const words = process.argv.slice(2);
const filters = words.filter((word) => !suites.includes(word));

let failed = false;
for (const suite of suites.filter((name) => words.includes(name))) {
  const files = readdirSync(join(root, 'test', suite), { recursive: true })
    .map((file) => join('test', suite, String(file)))
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
  console.log(`\n== ${suite}: ${files.length} files`);
  if (files.length === 0) continue; // without a name Node's runner would take what it finds
  if (suite === 'e2e') {
    await alone();
    const prepared = spawnSync(process.execPath, ['--import=tsx', 'test/e2e/support/prepare.ts'], {
      cwd: root,
      stdio: 'inherit',
    });
    if (prepared.status !== 0) process.exit(1);
  }
  // One after the other where they share a cluster, this machine's namespaces, or two cores' time.
  const concurrency = suite === 'unit' ? [] : ['--test-concurrency=1'];
  const args = ['--import=tsx', '--test', '--test-reporter=spec', ...concurrency, ...files];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  failed ||= status !== 0;
}
process.exit(failed ? 1 : 0);

/**
 * End-to-end tests listen on the ports that their pods have, so two runs on a machine take turns. An abstract
 * unix socket is the lock: the kernel takes it away with its process, however that ends.
 */
async function alone() {
  for (let told = false; ; told = true) {
    const lock = createServer();
    const error = await new Promise((resolve) => {
      lock.once('error', resolve).listen('\0mirrord-for-node-e2e', () => resolve(undefined));
    });
    if (error === undefined) return;
    if (error.code !== 'EADDRINUSE') throw error;
    if (!told) console.log('waiting for another run of the end-to-end tests');
    await sleep(1000);
  }
}
