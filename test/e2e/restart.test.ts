// A program that is restarted keeps what it has stolen: requests wait for the next one.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { noAgentLeft, type Pod, podOf, root } from './support/cluster.ts';
import { app, exec, type Running } from './support/mirrord.ts';
import { askAtRate } from './support/rate.ts';
import { ask, untilAnsweredBy, whoAnswers } from './support/requests.ts';

const bin = (name: string): string => path.join(root, 'node_modules/.bin', name);

let pod: Pod;
let url: string;
let folder: string;
let program: string;
before(async () => {
  pod = await podOf('shop');
  url = `http://${pod.ip}:8080/`;
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mirrord-e2e-'));
  program = path.join(folder, 'serve.mjs');
  fs.copyFileSync(app('probe/serve.mjs'), program);
});
after(async () => {
  fs.rmSync(folder, { recursive: true });
  await noAgentLeft();
});

function edit(): void {
  fs.appendFileSync(program, '// edited\n');
}

/** It said "listening" so often. */
const listening = (times: number): RegExp => new RegExp(`(^listening$[^]*){${times}}`, 'm');

const watchers: Readonly<Record<string, readonly string[]>> = {
  nodemon: [bin('nodemon'), '--quiet', '--watch', '.', 'serve.mjs'],
  'tsx watch': [bin('tsx'), 'watch', '--clear-screen=false', 'serve.mjs'],
  'node --watch': ['node', '--watch', '--watch-preserve-output', 'serve.mjs'],
};
for (const [name, command] of Object.entries(watchers)) {
  test(`${name}: five edits lose none of 50 requests a second`, async () => {
    const running = exec(['--steal', '-t', `pod/${pod.name}`, '--', ...command], { cwd: folder });
    await running.says(listening(1));
    await untilAnsweredBy('this machine', url);
    const clients = [true, false].map((keepAlive) => askAtRate(url, { everyMs: 40, keepAlive }));
    for (let edits = 1; edits <= 5; edits++) {
      edit();
      await running.says(listening(1 + edits));
    }
    for (const client of clients) {
      const answers = await client.stop();
      assert.deepEqual(Object.keys(answers), ['this machine']);
    }
    await end(running);
  });
}

test('a request to a program that is not there waits, and a POST reaches the next one once', async () => {
  const running = exec(
    ['--steal', '-t', `pod/${pod.name}`, '--', 'sh', '-c', 'node serve.mjs; sleep 1; exec node serve.mjs'],
    {
      cwd: folder,
    },
  );
  await running.says(listening(1));
  running.type('exit\n');
  await running.says(/^exiting$/m);
  const answer = await ask(url, { method: 'POST', body: 'once' });
  assert.equal((JSON.parse(answer.body ?? '') as { from: string }).from, 'this machine');
  await end(running);
});

test('a program that does not come back: after 10 seconds the pod answers, those that wait included', async () => {
  const running = exec(['--steal', '-t', `pod/${pod.name}`, '--', 'sh', '-c', 'node serve.mjs; exec sleep 30'], {
    cwd: folder,
  });
  await running.says(listening(1));
  running.type('exit\n');
  await running.says(/^exiting$/m);
  await sleep(200); // what the program has accepted as it dies is not given to the pod
  assert.equal(await whoAnswers(url, { timeoutMs: 15_000 }), 'pod');
  await end(running);
});

test('a program that closes its port and goes on gives it back at once', async () => {
  const running = exec(['--steal', '-t', `pod/${pod.name}`, '--', 'node', program]);
  await running.says(listening(1));
  running.type('close\n');
  await running.says(/^closed$/m);
  await untilAnsweredBy('pod', url, 1_000);
  running.type('listen\n');
  await running.says(listening(2));
  assert.equal(await whoAnswers(url), 'this machine');
  await end(running);
});

async function end(running: Running): Promise<void> {
  running.kill('SIGTERM');
  await running.ended;
  await untilAnsweredBy('pod', url);
}
