// Whatever clients send, the agent's memory is bounded: its container has 256 MiB.

import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Agent, startAgent } from '../support/agent.ts';
import { everything } from '../support/claims.ts';
import { type Pod, podAddress, startPod } from '../support/pod.ts';

const flood = fileURLToPath(new URL('../support/flood.cjs', import.meta.url));
const limitMb = 200;
const filter = { filter: JSON.stringify({ kind: 'path', pattern: 'x' }) };

let pod: Pod;
let agent: Agent;
let clients: ChildProcess[];

before(async () => {
  pod = await startPod();
});
after(async () => {
  await pod?.stop();
});
beforeEach(async () => {
  agent = await startAgent({ MIRRORD_AGENT_TARGET_PID: String(pod.pid) });
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.kill('SIGKILL');
  await agent.stop();
});

async function attack(port: number, what: string, count: number): Promise<string> {
  const client = pod.inClient(process.execPath, flood, podAddress, `${port}`, what, `${count}`);
  clients.push(client);
  if (client.stdout === null) throw new Error('its output is piped');
  return String((await once(client.stdout, 'data'))[0]).trim();
}

/** The most that the agent has had so far. */
async function peakMb(): Promise<number> {
  const status = await readFile(`/proc/${agent.process.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

test('heads that never end, of many connections', async () => {
  const { link } = await agent.session();
  await link.request('steal', everything(8080, filter));
  assert.equal(await attack(8080, 'heads', 1000), 'done');
  assert.ok((await peakMb()) < limitMb, `${await peakMb()} MB`);
});

test('many idle connections', async () => {
  const { link } = await agent.session();
  await link.request('steal', everything(8080, filter));
  assert.equal(await attack(8080, 'idle', 5000), 'done');
  assert.ok((await peakMb()) < limitMb, `${await peakMb()} MB`);
});

test('a body that is mirrored to a program which reads nothing: the pod gets all of it', async () => {
  const { link } = await agent.session();
  const told: string[] = [];
  link.serve({
    incoming: () => ({}), // accepted, and never read
    tell: ({ text }) => {
      told.push(text);
      return {};
    },
  });
  await link.request('steal', everything(8000, { mode: 'mirror' }));
  assert.equal(await attack(8000, 'upload', 400), 'HTTP/1.1 200 OK');
  assert.ok((await peakMb()) < limitMb, `${await peakMb()} MB`);
  assert.match(told.join(), /does not keep up/);
});
