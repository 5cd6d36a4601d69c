// Two developers on one pod: they share its agent, and who wants what the other has is told.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { kubectl, noAgentLeft, type Pod, podOf } from './support/cluster.ts';
import { app, exec, type Running } from './support/mirrord.ts';
import { untilAnsweredBy, whoAnswers } from './support/requests.ts';

const serve = app('probe/serve.mjs');
const anna = { USER: 'anna', HOSTNAME: 'annas-laptop' };
const bert = { USER: 'bert', HOSTNAME: 'berts-laptop' };

let pod: Pod;
let url: string;
let folder: string;
let moved: string;
before(async () => {
  pod = await podOf('shop');
  url = `http://${pod.ip}:8080/`;
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mirrord-e2e-'));
  // Both developers are on this machine, which has its ports only once.
  moved = path.join(folder, 'moved.json');
  const incoming = { mode: 'steal', listen_ports: [[8080, 24080]] };
  fs.writeFileSync(moved, JSON.stringify({ feature: { network: { incoming } } }));
});
afterEach(() => noAgentLeft());
after(() => fs.rmSync(folder, { recursive: true }));

function start(env: NodeJS.ProcessEnv, ...args: readonly string[]): Running {
  return exec(['-t', `pod/${pod.name}`, ...args], { env });
}

async function end(program: Running): Promise<void> {
  program.kill('SIGTERM');
  await program.ended;
}

async function agents(): Promise<number> {
  return (await kubectl('get', 'jobs', '-o', 'name')).split('\n').filter((line) => line !== '').length;
}

test('they share one agent, which goes with the last of them', async () => {
  const first = start(anna, '--steal', '--', 'node', serve);
  await first.says(/^listening$/m);
  const second = start(bert, '--steal', '--', 'node', serve, '8181');
  await second.says(/Joining the agent .*another session/);
  await second.says(/^listening$/m);
  assert.equal(await agents(), 1);
  await end(first);
  await untilAnsweredBy('pod', url);
  assert.equal(await whoAnswers(`http://${pod.ip}:8181/`), 'this machine');
  await end(second);
});

test('who wants a port that is taken is told by whom and since when, and how to have it', async () => {
  const first = start(anna, '--steal', '--', 'node', serve);
  await first.says(/^listening$/m);
  const { code, stderr } = await start(bert, '-f', moved, '--', 'node', serve).ended;
  assert.equal(code, 1);
  assert.match(stderr, /^EADDRINUSE$/m);
  assert.match(
    stderr,
    /Port 8080 .*anna@annas-laptop since 20\d\d-\d\d-\d\d \d\d:\d\d UTC.*\[PORT_TAKEN\]\n.*on_concurrent_steal/,
  );
  assert.equal(await whoAnswers(url), 'this machine');
  await end(first);
});

test('"override" takes it over, and the first one is told', async () => {
  const first = start(anna, '--steal', '--', 'node', serve);
  await first.says(/^listening$/m);
  const env = { ...bert, MIRRORD_OPERATOR_ON_CONCURRENT_STEAL: 'override' };
  const second = start(env, '-f', moved, '--', 'node', serve);
  await second.says(/^listening$/m);
  await first.says(/Port 8080 was taken over by another session \(bert@berts-laptop/);
  await end(first);
  assert.equal(await whoAnswers(url), 'this machine');
  await end(second);
  await untilAnsweredBy('pod', url);
});

test('agents of different rights on one pod tell as well', async () => {
  const first = start(anna, '--steal', '--', 'node', serve);
  await first.says(/^listening$/m);
  const { stderr } = await start(bert, '-f', moved, '--fs-mode', 'write', '--', 'node', serve).ended;
  assert.match(stderr, /Port 8080 .*anna@annas-laptop.*\[PORT_TAKEN\]/);
  await end(first);
});

test('who is killed keeps nobody out', async () => {
  const first = start(anna, '--steal', '--', 'node', app('probe/hold.mjs'));
  await first.says(/^listening$/m);
  const [, program] = await first.says(/^pid (\d+)$/m);
  first.kill('SIGKILL');
  process.kill(Number(program), 'SIGKILL');
  await untilAnsweredBy('pod', url);
  const second = start(bert, '-f', moved, '--', 'node', serve);
  await second.says(/^listening$/m);
  assert.equal(await whoAnswers(url), 'this machine');
  await end(second);
});

test('sessions that come while others go are all served', async () => {
  const runs = Array.from({ length: 12 }, async (_, i) => {
    await new Promise((resolve) => setTimeout(resolve, i * 150));
    return start({}, '--', 'node', '-p', 'process.env.SHOP_REGION').ended;
  });
  for (const { code, stdout, stderr } of await Promise.all(runs))
    assert.deepEqual([code, stdout], [0, 'pod-land\n'], stderr);
});
