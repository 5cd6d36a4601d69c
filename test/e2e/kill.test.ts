// kill -9 of each process that holds a session together: the pod is as it was before.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import { afterEach, before, type TestContext, test } from 'node:test';
import { inspect, isDeepStrictEqual } from 'node:util';
import { noAgentLeft, ownNodes, type Pod, podOf } from './support/cluster.ts';
import { app, exec, type Running, withRegister } from './support/mirrord.ts';
import { killAgent, listenersOf, nodesNote, peersOf, rulesOf } from './support/node-view.ts';
import { untilAnsweredBy, whoAnswers } from './support/requests.ts';
import { until } from './support/until.ts';

const hold = app('probe/hold.mjs');
/** Nobody is left to delete the agent: it ends itself after 10 s without a session, and its Job a moment later. */
const byItselfMs = 30_000;

let pod: Pod;
let url: string;
before(async () => {
  pod = await podOf('shop');
  url = `http://${pod.ip}:8080/`;
});

/** A session that steals and that holds a connection out of the pod. */
async function stealing(program: Running): Promise<{ readonly program: Running; readonly pid: number }> {
  await program.says(/^listening$/m);
  await program.says(/^connected$/m);
  const [, pid] = await program.says(/^pid (\d+)$/m);
  lastPid = Number(pid);
  assert.equal(await whoAnswers(url), 'this machine');
  return { program, pid: Number(pid) };
}

let lastPid: number | undefined;
afterEach(() => {
  // A program whose mirrord was killed goes on; the next one needs its port.
  if (lastPid !== undefined && isAlive(lastPid)) process.kill(lastPid, 'SIGKILL');
});
const withExec = () => stealing(exec(['--steal', '-t', `pod/${pod.name}`, '--', 'node', hold]));

async function podIsAsBefore(t: TestContext): Promise<void> {
  t.diagnostic(`the pod answered again after ${await untilAnsweredBy('pod', url)} ms`);
  if (!ownNodes) return;
  const asBefore = { rules: '', listeners: ['*:8080', '*:9090', '127.0.0.1:7070'], connectionsOut: [] };
  const cleanMs = await until("nothing of ours is in the pod's network", 3_000, async () => {
    const connectionsOut = (await peersOf(pod)).filter((peer) => peer.endsWith(':80'));
    const network = { rules: await rulesOf(pod), listeners: await listenersOf(pod), connectionsOut };
    return isDeepStrictEqual(network, asBefore) || inspect(network);
  });
  t.diagnostic(`its network had nothing of ours ${cleanMs} ms later`);
}

test(`of the agent: the terminal says so, and the program goes on${nodesNote}`, { skip: !ownNodes }, async (t) => {
  const { program, pid } = await withExec();
  const [, job = ''] = await program.says(/(mirrord-agent-\w+)/);
  await killAgent(job);
  await podIsAsBefore(t);
  await program.says(/\[AGENT_GONE\]/);
  await program.says(/^connection gone$/m);
  await noAgentLeft({ limitMs: byItselfMs });
  assert.ok(isAlive(pid));
  program.kill('SIGTERM');
  assert.equal((await program.ended).code, 0);
});

test(`of mirrord: the agent and its Job go by themselves${nodesNote}`, async (t) => {
  const { program, pid } = await withExec();
  program.kill('SIGKILL');
  await podIsAsBefore(t);
  assert.ok(isAlive(pid));
  await noAgentLeft({ limitMs: byItselfMs });
});

test('of mirrord: the next session sweeps what it has left on this machine', async () => {
  const { program } = await withExec();
  program.kill('SIGKILL');
  await program.says(/^connection gone$/m);
  assert.equal(sessionFolders(program.pid).length, 1);
  assert.equal((await exec(['-t', 'deployment/prices', '--', 'node', '-e', '0']).ended).code, 0);
  assert.deepEqual(sessionFolders(program.pid), []);
  await noAgentLeft({ limitMs: byItselfMs });
});

test(`of the program: mirrord ends as it did${nodesNote}`, async (t) => {
  const { program, pid } = await withExec();
  process.kill(pid, 'SIGKILL');
  await podIsAsBefore(t);
  assert.equal((await program.ended).signal, 'SIGKILL');
  await noAgentLeft();
});

test(`of the program with mirrord/register: the session ends behind it${nodesNote}`, async (t) => {
  const { program, pid } = await withRegistered('a');
  process.kill(pid, 'SIGKILL');
  await program.ended;
  await podIsAsBefore(t);
  await noAgentLeft();
});

const linux = process.platform === 'linux';
test(`of the proxy of mirrord/register: the agent and its Job go by themselves${nodesNote}`, {
  skip: !linux,
}, async (t) => {
  const { pid } = await withRegistered('b');
  const proxy = processWith('run-proxy', 'E2E_MARK=b');
  process.kill(proxy, 'SIGKILL');
  await podIsAsBefore(t);
  assert.ok(isAlive(pid));
  await noAgentLeft({ limitMs: byItselfMs });
});

function withRegistered(mark: string) {
  const env = { MIRRORD_AGENT_TCP_STEAL_TRAFFIC: 'steal', E2E_MARK: mark };
  return stealing(withRegister(`pod/${pod.name}`, [hold], { env }));
}

function sessionFolders(proxy: number): string[] {
  const parents = ['/dev/shm', os.tmpdir()].filter((folder) => fs.existsSync(folder));
  return parents
    .flatMap((parent) => fs.readdirSync(parent))
    .filter((name) => new RegExp(`^mirrord-\\d+-${proxy}-`).test(name));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The process with a word in its command line and a variable in its environment. */
function processWith(word: string, variable: string): number {
  const has = (pid: string, file: string, text: string) => {
    try {
      return fs.readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0').includes(text);
    } catch {
      return false; // it has ended, or is no process
    }
  };
  const found = fs.readdirSync('/proc').find((pid) => has(pid, 'cmdline', word) && has(pid, 'environ', variable));
  return Number(found);
}
