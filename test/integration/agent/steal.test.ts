import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Channel } from '../../../src/protocol/channel.ts';
import { type Agent, startAgent } from '../support/agent.ts';
import { everything } from '../support/claims.ts';
import { clientAddress, clientAddressV6, type Pod, podAddress, podAddressV6, startPod } from '../support/pod.ts';

let pod: Pod;
let agent: Agent;

before(async () => {
  pod = await startPod();
});
after(async () => {
  await pod?.stop();
});
beforeEach(async () => {
  agent = await startAgent({ MIRRORD_AGENT_TARGET_PID: String(pod.pid) });
});
afterEach(async () => {
  await agent.stop();
  await noRules();
});

const rules = () => pod.inPod('nft', 'list', 'ruleset');
/** The rules stay for a moment behind the last connection, whose packets they translate. */
async function noRules(): Promise<void> {
  for (const end = Date.now() + 2000; Date.now() < end; await setTimeout(20)) if ((await rules()) === '') return;
  assert.equal(await rules(), '');
}
/** The rules and routes that keep the original's answers to passed connections in the pod. */
async function waysBack(): Promise<number> {
  const lists = await Promise.all([
    pod.inPod('ip', 'rule'),
    pod.inPod('ip', '-6', 'rule'),
    pod.inPod('ip', 'route', 'show', 'table', 'all'),
  ]);
  return lists.join('').match(/28018/g)?.length ?? 0;
}

const original = (port: number) => `original ${port} ${clientAddress}`;
const stolen = (port: number) => `stolen ${port} ${clientAddress} ${podAddress}:${port}`;

/** A session whose program answers the first bytes of a connection with what it was told; `taken` is its first. */
async function thief() {
  const session = await agent.session();
  const channels: Channel[] = [];
  let isTaken = () => {};
  const taken = new Promise<void>((resolve) => {
    isTaken = resolve;
  });
  session.link.serve({
    incoming: ({ port, client, server }, channel) => {
      channels.push(channel);
      setImmediate(isTaken); // behind the answer
      channel.once('data', () => channel.end(`stolen ${port} ${client.host} ${server.host}:${server.port}\n`));
      return {};
    },
  });
  return { ...session, channels, taken };
}

async function eventually(port: number, answer: string, withinMs: number): Promise<void> {
  const end = Date.now() + withinMs;
  for (;;) {
    const got = await pod.ask(port);
    if (got === answer) return;
    assert.ok(Date.now() < end, `port ${port} still answers "${got}"`);
  }
}

test('a stolen port is answered by the session with the true client, others are untouched, and release ends it', async () => {
  const { link } = await thief();
  await link.request('steal', everything(8080));
  assert.equal(await pod.ask(8080), stolen(8080));
  assert.equal(await pod.ask(9090), original(9090));
  await link.request('release', { port: 8080 });
  assert.equal(await pod.ask(8080), original(8080));
  await noRules();
});

test('connections of the original from before the steal go on', async () => {
  const { link } = await thief();
  const client = pod.connect(8080);
  assert.equal(await client.line(), 'connected');
  await link.request('steal', everything(8080));
  client.send('hello\n');
  assert.equal(await client.line(), original(8080));
});

test('a stolen connection outlives the release of its port', async () => {
  const { link, channels } = await thief();
  await link.request('steal', everything(8080));
  const client = pod.connect(8080);
  assert.equal(await client.line(), 'connected');
  while (channels.length === 0) await setTimeout(5);
  await link.request('release', { port: 8080 });
  assert.equal(await pod.ask(8080), original(8080));
  assert.equal(channels.length, 1);
  client.send('hello\n');
  assert.equal(await client.line(), stolen(8080));
  await setTimeout(100);
});

test('several ports and sessions live side by side, and one port has one thief', async () => {
  const [first, second] = [await thief(), await thief()];
  await first.link.request('steal', everything(8080));
  await second.link.request('steal', everything(9090));
  await assert.rejects(second.link.request('steal', everything(8080)), { code: 'EADDRINUSE' });
  assert.deepEqual(await Promise.all([pod.ask(8080), pod.ask(9090)]), [stolen(8080), stolen(9090)]);
  first.link.close();
  await eventually(8080, original(8080), 1000);
  assert.equal(await pod.ask(9090), stolen(9090));
});

test('who is refused is told who has the port, by an agent of the same pod or by another one', async () => {
  const [holder, second] = [await thief(), await thief()];
  await holder.link.request('introduce', { user: 'anna', host: 'laptop' });
  await holder.link.request('steal', everything(8080));
  const told = { code: 'EADDRINUSE', message: /8080 .*anna@laptop since 20\d\d-/ };
  await assert.rejects(second.link.request('steal', everything(8080)), told);

  const other = await startAgent({ MIRRORD_AGENT_TARGET_PID: String(pod.pid) });
  const { link } = await other.session();
  await assert.rejects(link.request('steal', everything(8080)), told);
  await holder.link.request('release', { port: 8080 });
  await link.request('steal', everything(8080));
  await other.stop();
});

test('a call from inside the pod to its own port is stolen too', async () => {
  const { link } = await thief();
  await link.request('steal', everything(8080));
  const { channel } = await link.openStream('connectTcp', { to: { host: '127.0.0.1', port: 8080 } });
  channel.write('hello');
  const [answer] = await once(channel, 'data');
  assert.equal(String(answer), 'stolen 8080 127.0.0.1 127.0.0.1:8080\n');
});

test("the agent's own listener refuses whoever comes past the rules", async () => {
  const { link } = await thief();
  await link.request('steal', everything(8080));
  const [, port] = /redirect to :(\d+)/.exec(await rules()) ?? [];
  assert.equal(await pod.ask(Number(port)), 'ECONNREFUSED');
});

test('a program that refuses a connection resets its client', async () => {
  const { link } = await agent.session();
  link.serve({ incoming: () => Promise.reject(new Error('not now')) });
  await link.request('steal', everything(8080));
  assert.equal(await pod.ask(8080), 'ECONNRESET');
});

test('a session that is cut gives the port back within a second, and its clients are told', async () => {
  const { link, socket, taken } = await thief();
  await link.request('steal', everything(8080));
  const client = pod.connect(8080);
  await Promise.all([client.line(), taken]);
  const told = client.line();
  socket.destroy();
  await eventually(8080, original(8080), 1000);
  assert.match(await told, /ECONNRESET/);
});

test('a client that the program has not got yet when it is cut is served by the original', async () => {
  const { link, socket } = await agent.session();
  const asked = new Promise<void>((resolve) => {
    link.serve({
      incoming: () => {
        resolve();
        return new Promise(() => {}); // no answer, ever
      },
    });
  });
  await link.request('steal', everything(8080));
  const client = pod.connect(8080);
  await Promise.all([client.line(), asked]);
  socket.destroy();
  client.send('hello\n');
  assert.equal(await client.line(), original(8080));
});

test('a filter that matches nothing leaves each client its address and destination, on both IP versions', async () => {
  const { link } = await thief();
  await link.request('steal', everything(8080, { filter: JSON.stringify({ kind: 'method', method: 'BREW' }) }));
  const from = (address: string) => `original 8080 ${address}`;
  assert.equal(await pod.ask(8080), from(clientAddress));
  assert.equal(await pod.ask(8080, podAddressV6), from(clientAddressV6));
  assert.deepEqual(
    await Promise.all(Array.from({ length: 30 }, () => pod.ask(8080))),
    Array.from({ length: 30 }, () => from(clientAddress)),
  );
  await link.request('release', { port: 8080 });
  await noRules();
  assert.equal(await waysBack(), 0);
});

test('what a killed agent has left of its ways back, the next one removes', async () => {
  const { link } = await thief();
  await link.request('steal', everything(8080));
  assert.equal(await waysBack(), 4);
  agent.process.kill('SIGKILL');
  await noRules();
  assert.equal(await waysBack(), 4);
  agent = await startAgent({ MIRRORD_AGENT_TARGET_PID: String(pod.pid) });
  const next = await thief();
  await next.link.request('steal', everything(8080));
  assert.equal(await waysBack(), 4);
  await next.link.request('release', { port: 8080 });
  await noRules();
  assert.equal(await waysBack(), 0);
});

test('an agent that is killed leaves nothing: the original answers within a second', async () => {
  const { link, taken } = await thief();
  await link.request('steal', everything(8080));
  const client = pod.connect(8080);
  await Promise.all([client.line(), taken]);
  const told = client.line();
  agent.process.kill('SIGKILL');
  await eventually(8080, original(8080), 1000);
  await noRules();
  assert.match(await told, /closed|ECONNRESET/);
});
