// mirrord/register without the command line: the same session, begun by the program itself.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { leftovers, nothingLeft } from './support/cluster.ts';
import { apps, register, withRegister } from './support/mirrord.ts';
import { nodeLines, nodeProgram } from './support/nodes.ts';

const family = path.join(apps, 'probe/family.mjs');

for (const flag of [`--import=${register}`, `--require=${register}`]) {
  test(`node ${flag.replace(register, 'mirrord/register')}: environment, files, children and threads are the pod's`, async () => {
    const { stdout, stderr, code } = await withRegister('deployment/shop', [family], { flag }).ended;
    assert.equal(code, 7, stderr);
    const lines = stdout.trim().split('\n');
    assert.deepEqual(
      new Set(lines),
      new Set(
        ['main', 'fork', 'spawn', 'bare', 'shell', 'thread', 'bare thread'].map(
          (who) => `${who}: pod-land {"greeting": "hello from the pod"}`,
        ),
      ),
    );
    assert.equal(lines.length, 7);
    assert.equal(stderr.match(/Ready/g)?.length, 1, 'one session for the whole family');
    await nothingLeft();
  });
}

for (const line of nodeLines) {
  test(`Node ${line}: all forms of children and threads join`, async () => {
    const { Running } = await import('./support/mirrord.ts');
    const env = { MIRRORD_IMPERSONATED_TARGET: 'deployment/shop', MIRRORD_TARGET_NAMESPACE: 'shop' };
    const { stdout, stderr } = await new Running(nodeProgram(line), [`--import=${register}`, family], env).ended;
    assert.equal(stdout.trim().split('\n').length, 7, stderr);
  });
}

test('a target that is not there ends the program before its first line', async () => {
  const { stdout, stderr, code } = await withRegister('deployment/shopp', ['-e', 'console.log("ran")']).ended;
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /TARGET_NOT_FOUND/);
});

test('Ctrl-C while the session starts leaves nothing behind', async () => {
  const program = withRegister('deployment/shop', ['-e', '0']);
  await program.says('starting the agent');
  program.child.kill('SIGINT');
  assert.equal((await program.ended).signal, 'SIGINT');
  await nothingLeft();
  assert.deepEqual(await leftovers(), []);
});
