// How a session ends: with the program's own exit code or signal, after the program, and without a trace.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { namespace, noAgentLeft } from './support/cluster.ts';
import { app, cli, exec, inTerminal, register } from './support/mirrord.ts';

const target = ['-t', 'deployment/shop', '--'];
const signals = app('probe/signals.mjs');
const greeting = 'hello from the pod\n';

afterEach(() => noAgentLeft());

test("the exit code is the program's", async () => {
  const { code } = await exec([...target, 'node', '-e', 'process.exit(42)']).ended;
  assert.equal(code, 42);
});

for (const signal of ['SIGTERM', 'SIGKILL', 'SIGABRT'] as const) {
  test(`the program's death by ${signal} is mirrord's`, async () => {
    const ended = await exec([...target, 'node', '-e', `process.kill(process.pid, '${signal}')`]).ended;
    assert.deepEqual([ended.code, ended.signal], [null, signal]);
  });
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} reaches the program, once, and the session stays as long as the program does`, async () => {
    const program = exec([...target, 'node', signals]);
    await program.says(/^up/m);
    program.kill(signal);
    await program.says(new RegExp(`^got ${signal}$`, 'm'));
    program.kill('SIGUSR2');
    const { stdout, code } = await program.ended;
    const counts = { SIGINT: 0, SIGTERM: 0, [signal]: 1 };
    assert.deepEqual(JSON.parse(stdout.split('\n')[2] ?? ''), { ...counts, greeting });
    assert.equal(code, 3);
  });
}

test("a terminal's Ctrl-C reaches the program once", async () => {
  const terminal = inTerminal([process.execPath, cli, 'exec', '-n', namespace, ...target, 'node', signals]);
  const [, mirrord] = await terminal.says(/up, started by (\d+)/);
  terminal.type('\x03');
  await terminal.says(/got SIGINT/);
  // A second SIGINT, sent on by mirrord, would be there before the next signal that it sends on.
  process.kill(Number(mirrord), 'SIGUSR2');
  const { stdout, code } = await terminal.ended;
  assert.match(stdout, /"SIGINT":1,"SIGTERM":0/);
  assert.equal(code, 3);
});

for (const moment of [/Target: /, /[Ss]tarting the agent/]) {
  test(`SIGINT at "${moment.source}" stops the start`, async () => {
    const program = exec([...target, 'node', '-e', 'console.log("ran")']);
    await program.says(moment);
    program.kill('SIGINT');
    const { stdout, stderr, code } = await program.ended;
    assert.equal(stdout, '');
    assert.equal(code, 130, stderr);
  });
}

test("a terminal's Ctrl-C stops the start of mirrord/register, and of the program", async () => {
  const env = { MIRRORD_IMPERSONATED_TARGET: 'deployment/shop', MIRRORD_TARGET_NAMESPACE: namespace };
  const terminal = inTerminal([process.execPath, '--import', register, '-e', 'console.log("it ran")'], { env });
  await terminal.says(/[Ss]tarting the agent/);
  terminal.type('\x03');
  const { stdout, code } = await terminal.ended;
  assert.doesNotMatch(stdout, /it ran/);
  assert.equal(code, 130);
});

test('a shell runs several programs in one session', async () => {
  const node = `"${process.execPath}" -p 'fs.readFileSync("/config/greeting.txt", "utf8").trim()'`;
  const { stdout, stderr } = await exec([...target, 'sh', '-c', `${node} && ${node} && echo $SHOP_REGION`]).ended;
  assert.equal(stdout, `${greeting}${greeting}pod-land\n`);
  assert.equal(stderr.match(/[Ss]tarting the agent/g)?.length, 1);
});

test('a program that needs nothing of the pod but its environment is no reason for a word', async () => {
  const { code, stdout, stderr } = await exec([...target, 'sh', '-c', 'echo $SHOP_REGION']).ended;
  assert.deepEqual([code, stdout], [0, 'pod-land\n']);
  assert.doesNotMatch(stderr, /environment only/);
});
