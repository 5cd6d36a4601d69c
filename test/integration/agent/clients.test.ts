// Clients that people have: curl with each of its HTTP versions, fetch, ws.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo, connect, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { splice } from '../../../src/protocol/splice.ts';
import { type Agent, startAgent } from '../support/agent.ts';
import { everything } from '../support/claims.ts';
import { type Pod, podAddress, podAddressV6, startPod } from '../support/pod.ts';

const wsProgram = fileURLToPath(new URL('../support/ws.mjs', import.meta.url));
const filter = JSON.stringify({ kind: 'header', pattern: '^x-user: me$' });

let pod: Pod;
let agent: Agent;
let podServer: ChildProcess;
/** The session's programs, by the pod's port. */
const programs = new Map<number, Server>();

before(async () => {
  pod = await startPod();
  podServer = spawn('nsenter', ['-t', `${pod.pid}`, '--net', process.execPath, wsProgram, 'serve', '8003', 'pod'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (podServer.stdout !== null) await once(podServer.stdout, 'data');
  const answer = (request: http.IncomingMessage, response: http.ServerResponse) =>
    response.end(JSON.stringify({ who: 'thief', version: request.httpVersion }));
  const ws = http.createServer(answer);
  new WebSocketServer({ server: ws }).on('connection', (socket) =>
    socket.on('message', (data) => socket.send(`thief ${data}`)),
  );
  programs.set(8000, http.createServer(answer)).set(8003, ws);
  for (const program of programs.values()) await once(program.listen(0, '127.0.0.1'), 'listening');
  agent = await startAgent({ MIRRORD_AGENT_TARGET_PID: String(pod.pid) });
  const { link } = await agent.session();
  link.serve({
    incoming: async ({ port }, channel) => {
      const address = programs.get(port)?.address() as AddressInfo | undefined;
      const program = connect({ port: address?.port ?? 0, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
      await once(program, 'connect');
      splice(program, channel);
      return {};
    },
  });
  for (const port of programs.keys()) await link.request('steal', everything(port, { filter }));
});
after(async () => {
  podServer?.kill('SIGKILL');
  for (const program of programs.values()) program.close();
  await agent?.stop();
  await pod?.stop();
});

async function run(command: string, ...args: string[]): Promise<string> {
  const { stdout } = pod.inClient(command, ...args);
  if (stdout === null) throw new Error('its output is piped');
  return text(stdout);
}

for (const host of [podAddress, `[${podAddressV6}]`]) {
  test(`curl to ${host}: kept connections, bodies with Expect, HTTP/1.0 and an upgrade to h2c that nobody takes`, async () => {
    const url = `http://${host}:8000/`;
    const who = async (...args: string[]) =>
      [...(await run('curl', '-s', ...args, url)).matchAll(/"who":"(\w+)"/g)].map(([, name]) => name);
    assert.deepEqual(await who('-H', 'X-User: me', url), ['thief', 'thief']);
    assert.deepEqual(await who('-H', 'X-User: you', url), ['pod', 'pod']);
    const large = ['-d', 'x'.repeat(100_000), '-H', 'Expect: 100-continue'];
    assert.deepEqual(await who('-H', 'X-User: me', ...large), ['thief']);
    assert.deepEqual(await who(...large), ['pod']);
    assert.deepEqual(await who('--http1.0', '-H', 'X-User: me'), ['thief']);
    assert.deepEqual(await who('--http1.0'), ['pod']);
    assert.deepEqual(await who('--http2', '-H', 'X-User: me'), ['thief']);
  });
}

test('fetch, with requests for both sides on one connection', async () => {
  const ask = (user: string) =>
    `await fetch('http://${podAddress}:8000/', { method: 'POST', body: 'a', headers: { 'X-User': '${user}' } }).then((r) => r.json())`;
  const script = `(async () => console.log([${['me', 'you', 'me', 'you'].map(ask)}].map(({ who }) => who).join(' ')))()`;
  assert.equal(await run(process.execPath, '-e', script), 'thief pod thief pod\n');
});

for (const [user, who] of [
  ['me', 'thief'],
  ['you', 'pod'],
] as const) {
  test(`a WebSocket of the ${who}'s stays with it, to its close`, async () => {
    const args = ['call', `ws://${podAddress}:8003/`, user, 'one', 'x'.repeat(70_000), 'three'];
    assert.deepEqual(JSON.parse(await run(process.execPath, wsProgram, ...args)), {
      answers: [`${who} one`, `${who} ${'x'.repeat(70_000)}`, `${who} three`],
      code: 1000,
    });
  });
}
