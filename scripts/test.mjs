// npm test: runs the named suites one after the other with Node's own test runner.
//   node scripts/test.mjs unit integration e2e        node scripts/test.mjs e2e steal   (files named like this)

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
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
  if (suite === 'e2e') {
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
process.exitCode = failed ? 1 : 0;
