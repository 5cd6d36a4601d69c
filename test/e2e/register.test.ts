// mirrord/register without the command line: the same session, begun by the program itself.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { noAgentLeft, podOf } from './support/cluster.ts';
import { assertInPod, membersOf } from './support/family.ts';
import { app, type Ended, withRegister } from './support/mirrord.ts';
import { nodeLines, nodeProgram } from './support/nodes.ts';
import { untilAnsweredBy } from './support/requests.ts';

for (const flag of ['--import', '--require']) {
  describe(`node ${flag} mirrord/register`, () => {
    let ended: Ended;
    before(async () => {
      ended = await withRegister('deployment/shop', [app('probe/family.mjs')], { flag }).ended;
    });

    test('the program sees the pod, and nothing of ours in its environment', () => {
      assertInPod(ended.stdout, ['itself']);
      assert.deepEqual(
        membersOf(ended.stdout).find(({ who }) => who === 'environment'),
        { who: 'environment' },
      );
    });
    test('its children join the same session, however it starts them', () => {
      assertInPod(ended.stdout, ['fork', 'spawn', 'spawn with an own environment', 'shell']);
      assert.equal(ended.stderr.match(/Ready/g)?.length, 1);
    });
    test('its exit code is its own', () => assert.equal(ended.code, 7));
    test('the agent goes away after it', () => noAgentLeft());
  });
}

for (const line of nodeLines) {
  test(`Node ${line}: the whole family is in the pod`, async () => {
    const options = { node: nodeProgram(line) };
    const { code, stdout } = await withRegister('deployment/shop', [app('probe/family.mjs')], options).ended;
    assert.equal(code, 7);
    assert.equal(membersOf(stdout).filter(({ region }) => region === 'pod-land').length, 8);
  });
}

test("with the steal of a configuration variable it answers the pod's requests", async () => {
  const pod = await podOf('shop');
  const env = { MIRRORD_AGENT_TCP_STEAL_TRAFFIC: 'steal' };
  const program = withRegister(`pod/${pod.name}`, [app('probe/serve.mjs')], { env });
  await program.says(/^listening$/m);
  await untilAnsweredBy('this machine', `http://${pod.ip}:8080/`);
  program.kill('SIGTERM');
  assert.equal((await program.ended).code, 0);
  await untilAnsweredBy('pod', `http://${pod.ip}:8080/`);
  await noAgentLeft();
});

test('a target that is not there ends the program before its first line', async () => {
  const { stdout, stderr, code } = await withRegister('deployment/shopp', ['-e', 'console.log("ran")']).ended;
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /\[TARGET_NOT_FOUND\]/);
});
