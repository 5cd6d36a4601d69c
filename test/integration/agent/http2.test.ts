// HTTP/2 with prior knowledge, as gRPC speaks it: each stream of one connection is decided for itself.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http2 from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Link } from '../../../src/protocol/link.ts';
import { splice } from '../../../src/protocol/splice.ts';
import { type Agent, startAgent } from '../support/agent.ts';
import { everything } from '../support/claims.ts';
import { type Pod, podAddress, startPod } from '../support/pod.ts';

const grpc = fileURLToPath(new URL('../support/grpc.mjs', import.meta.url));
const port = 50051;

let pod: Pod;
let agent: Agent;
let podServer: ChildProcess;
let localServer: { port: number; stop(): void };
let link: Link;
let echoed: (name: string) => number;

before(async () => {
  pod = await startPod();
  podServer = spawn(
    'nsenter',
    ['-t', `${pod.pid}`, '--net', process.execPath, grpc, 'serve', '[::]', `${port}`, 'pod'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  if (podServer.stdout !== null) await once(podServer.stdout, 'data');
  const module = (await import(grpc)) as {
    serve(host: string, port: number, name: string): Promise<{ forceShutdown(): void }>;
    echoed(name: string): number;
  };
  echoed = module.echoed;
  const free = http2.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port: localPort } = free.address() as AddressInfo;
  free.close();
  const server = await module.serve('127.0.0.1', localPort, 'thief');
  localServer = { port: localPort, stop: () => server.forceShutdown() };
});
after(async () => {
  localServer?.stop();
  podServer?.kill('SIGKILL');
  await pod?.stop();
});
beforeEach(async () => {
  agent = await startAgent({ MIRRORD_AGENT_TARGET_PID: String(pod.pid) });
  ({ link } = await agent.session());
  link.serve({
    incoming: async (_request, channel) => {
      const program = connect({ port: localServer.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
      await once(program, 'connect');
      splice(program, channel);
      return {};
    },
  });
});
afterEach(async () => {
  link.close();
  if (process.env.SHOW) console.log(agent.log.slice(-12).join('\n'));
  await agent.stop();
});

interface Result {
  readonly code: string;
  readonly got: readonly string[];
  readonly trailer?: string;
}

type Call = readonly [name: string, argument: string, user?: string];

const calls = (...list: Call[]) => callsOf('', ...list);

async function callsOf(userAgent: string, ...list: Call[]): Promise<Result[]> {
  const child = pod.inClient(process.execPath, grpc, 'call', podAddress, `${port}`, JSON.stringify(list), userAgent);
  if (child.stdout === null) throw new Error('its output is piped');
  return JSON.parse(await text(child.stdout)) as Result[];
}

const mine = { filter: JSON.stringify({ kind: 'header', pattern: '^x-user: me$' }) };

test('calls of one connection go where their metadata says, with answers and trailers', async () => {
  await link.request('steal', everything(port, mine));
  assert.deepEqual(await calls(['echo', 'a', 'you'], ['echo', 'b', 'me'], ['echo', 'c'], ['echo', 'd', 'me']), [
    { code: 'OK', got: ['pod a you'], trailer: 'pod' },
    { code: 'OK', got: ['thief b me'], trailer: 'thief' },
    { code: 'OK', got: ['pod c '], trailer: 'pod' },
    { code: 'OK', got: ['thief d me'], trailer: 'thief' },
  ]);
});

for (const [user, who] of [
  ['me', 'thief'],
  ['you', 'pod'],
] as const) {
  test(`streams both ways, errors and deadlines are those of the one who answers: the ${who}`, async () => {
    await link.request('steal', everything(port, mine));
    const list = await calls(
      ['count', '3', user],
      ['sum', '3000000', user],
      ['chat', 'one two three', user],
      ['fail', 'x', user],
      ['hang', 'x', user],
      ['cancelled', 'x', user],
    );
    assert.deepEqual(list, [
      { code: 'OK', got: [`${who} 0`, `${who} 1`, `${who} 2`], trailer: who },
      { code: 'OK', got: [`${who} 3000000`] },
      { code: 'OK', got: [`${who} one`, `${who} two`, `${who} three`] },
      { code: 'NOT_FOUND', got: [`${who} has none`], trailer: who },
      { code: 'DEADLINE_EXCEEDED', got: list[4]?.got ?? [] },
      { code: 'OK', got: [`${who} 1`] },
    ]);
  });
}

test('without a filter all calls are taken, but for the kubelet’s probes', async () => {
  await link.request('steal', everything(port));
  assert.deepEqual((await calls(['echo', 'a', 'you']))[0]?.got, ['thief a you']);
  assert.deepEqual((await callsOf('kube-probe/1.31', ['echo', 'a', 'you']))[0]?.got, ['pod a you']);
});

test('a mirror with a filter gets copies, and the pod answers', async () => {
  await link.request('steal', everything(port, { mode: 'mirror', ...mine }));
  const before = echoed('thief');
  assert.deepEqual(
    (await calls(['echo', 'a', 'me'], ['echo', 'b', 'you'])).map(({ got }) => got),
    [['pod a me'], ['pod b you']],
  );
  // The copy is on its way by itself.
  for (let tries = 0; tries < 100 && echoed('thief') === before; tries++) await setTimeout(20);
  assert.equal(echoed('thief') - before, 1);
});

test('a server that greets before a slow client has spoken does not decide for it', async () => {
  await link.request('steal', everything(port, mine));
  const script = `
    const http2 = require('node:http2');
    const socket = require('node:net').connect({ host: '${podAddress}', port: ${port} });
    setTimeout(() => {
      const stream = http2
        .connect('http://x', { createConnection: () => socket })
        .request({ ':method': 'POST', ':path': '/shop.Shop/echo', 'content-type': 'application/grpc', te: 'trailers', 'x-user': 'me' });
      stream.on('data', (data) => { console.log(String(data.subarray(5))); process.exit(); });
      stream.end(Buffer.from([0, 0, 0, 0, 1, 97]));
    }, 300);`;
  const child = pod.inClient(process.execPath, '-e', script);
  if (child.stdout === null) throw new Error('its output is piped');
  assert.equal(await text(child.stdout), 'thief a me\n');
});
