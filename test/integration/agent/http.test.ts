// HTTP/1.1 with filters: who answers what, and that nobody else notices.

import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { HttpFilter } from '../../../src/protocol/http-filter/filter.ts';
import { type Agent, startAgent } from '../support/agent.ts';
import { everything } from '../support/claims.ts';
import { clientAddress, type Pod, podAddress, startPod } from '../support/pod.ts';
import { startThief, type Thief } from '../support/thief.ts';

const clientProgram = fileURLToPath(new URL('../support/raw-client.cjs', import.meta.url));

let pod: Pod;
let agent: Agent;
let thief: Thief;

before(async () => {
  pod = await startPod();
});
after(async () => {
  await pod?.stop();
});
beforeEach(async () => {
  agent = await startAgent({ MIRRORD_AGENT_TARGET_PID: String(pod.pid) });
  thief = await startThief(agent);
});
afterEach(async () => {
  thief.stop();
  await agent.stop();
});

type Step = { send: string } | { until: string } | { end: true } | { pause: number };

async function talk(port: number, ...steps: Step[]): Promise<{ came: string; ended: string; ms: number }> {
  const child = pod.inClient(process.execPath, clientProgram, podAddress, String(port), JSON.stringify(steps));
  if (child.stdout === null) throw new Error('its output is piped');
  return JSON.parse(await text(child.stdout));
}

const mine: HttpFilter = { kind: 'header', pattern: '^x-user: me$' };
const steal = (port: number, filter: HttpFilter, other: Parameters<typeof everything>[1] = {}) =>
  thief.link.request('steal', everything(port, { filter: JSON.stringify(filter), ...other }));
const get = (path: string, ...fields: string[]) =>
  `GET ${path} HTTP/1.1\r\nHost: shop\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
const post = (path: string, body: string, ...fields: string[]) =>
  `POST ${path} HTTP/1.1\r\nHost: shop\r\nContent-Length: ${body.length}\r\n${fields.map((f) => `${f}\r\n`).join('')}\r\n${body}`;
/** Who answered, in the order of the answers: `who path`. */
const answers = (came: string) =>
  [...came.matchAll(/"who":"(\w+)","method":"\w+","url":"([^"]+)"/g)].map(([, who, url]) => `${who} ${url}`);
const close = 'Connection: close';

test('each request on one connection is decided for itself', async () => {
  await steal(8000, mine);
  const { came } = await talk(
    8000,
    { send: get('/1') },
    { until: '"/1"' },
    { send: get('/2', 'X-User: me') },
    { until: '"/2"' },
    { send: get('/3', 'X-User: you') },
    { until: '"/3"' },
    { send: get('/4', 'x-user: ME') },
    { until: '"/4"' },
  );
  assert.deepEqual(answers(came), ['pod /1', 'thief /2', 'pod /3', 'thief /4']);
  assert.deepEqual(thief.got, ['GET /2', 'GET /4']);
});

test('pipelined requests are answered in their order, whoever answers', async () => {
  await steal(8000, mine);
  const requests = [get('/slow1'), get('/2', 'X-User: me'), get('/slow3'), get('/4'), get('/5', 'X-User: me', close)];
  const { came, ended } = await talk(8000, { send: requests.join('') }, { until: 'END' });
  assert.deepEqual(answers(came), ['pod /slow1', 'thief /2', 'pod /slow3', 'pod /4', 'thief /5']);
  assert.equal(ended, 'end');
});

test('what does not match comes to the container byte for byte, from the true client', async () => {
  await steal(8001, mine);
  const request =
    'POST /a%20b?c HTTP/1.1\r\nhOsT: x\r\nX-b:  1 \r\nx-A:2\r\nTransfer-Encoding: chunked\r\n\r\n' +
    '3;ext="1"\r\nabc\r\n0\r\nTrailer: END\r\n\r\n';
  const { came } = await talk(8001, { send: request }, { until: 'END' });
  assert.equal(came, `HTTP/1.1 200 OK\r\n\r\n${request}`);
  await steal(8000, mine);
  assert.match(
    (await talk(8000, { send: get('/', close) }, { until: 'END' })).came,
    new RegExp(`"${clientAddress}"|ffff:${clientAddress}`),
  );
});

test('a stolen request comes with its bytes and its true client', async () => {
  await steal(8000, mine);
  const body = 'x'.repeat(100_000);
  const { came } = await talk(8000, { send: post('/p', body, 'X-UseR: me', close) }, { until: 'END' });
  assert.match(came, /"rawHeaders":\["Host","shop","Content-Length","100000","X-UseR","me","Connection","close"\]/);
  assert.deepEqual(thief.got, [`POST /p ${body}`]);
  const [ends] = thief.incoming;
  assert.equal(ends?.client.host, clientAddress);
  assert.deepEqual(ends?.server, { host: podAddress, port: 8000 });
});

test('bytes that come one by one change nothing', async () => {
  await steal(8000, mine);
  const bytes = [...`${get('/1', 'X-User: me')}${get('/2', close)}`];
  const { came } = await talk(8000, ...bytes.flatMap((send): Step[] => [{ send }, { pause: 1 }]), { until: 'END' });
  assert.deepEqual(answers(came), ['thief /1', 'pod /2']);
});

test('Expect: 100-continue works on both sides', async () => {
  await steal(8000, mine);
  for (const [field, who] of [
    ['X-User: me', 'thief'],
    ['X-User: you', 'pod'],
  ] as const) {
    const head = `POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n${field}\r\n${close}\r\n\r\n`;
    const { came } = await talk(8000, { send: head }, { until: '100 Continue' }, { send: 'abc' }, { until: 'END' });
    assert.match(came, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
    assert.deepEqual(answers(came), [`${who} /e`]);
  }
});

test('a matching upgrade is taken whole, another passes', async () => {
  await steal(8000, mine);
  const upgrade = (field: string) => get('/ws', 'Connection: Upgrade', 'Upgrade: echo', field);
  for (const [field, who] of [
    ['X-User: me', 'thief'],
    ['X-User: you', 'pod'],
  ] as const) {
    const steps: Step[] = [
      { send: upgrade(field) },
      { until: `${who}:` },
      { send: get('/no', 'X-User: me') },
      { until: 'me\r\n\r\n' },
    ];
    const { came } = await talk(8000, ...steps);
    assert.ok(came.endsWith(`${who}:${get('/no', 'X-User: me')}`), came);
  }
});

test('answers without a length, to HEAD and with 1xx keep their place', async () => {
  await steal(8000, mine);
  const head = 'HEAD /h HTTP/1.1\r\nHost: a\r\nX-User: me\r\n\r\n';
  const { came } = await talk(8000, { send: head + get('/2') + head + get('/4', close) }, { until: 'END' });
  assert.deepEqual(answers(came), ['pod /2', 'pod /4']);
  assert.equal(came.match(/X-Who: thief/g)?.length, 2);
});

test('what is no HTTP passes, and a server that speaks first is heard at once', async () => {
  await steal(8080, mine);
  await steal(8002, mine);
  assert.match((await talk(8080, { send: 'hello\n' }, { until: 'END' })).came, /^original 8080/);
  const { came, ms } = await talk(8002, { until: '220' }, { send: 'HELO x\r\n' }, { until: '250' });
  assert.match(came, /^220 pod ready\r\n250 pod HELO x\r\n/);
  assert.ok(ms < 1500, `${ms} ms`);
});

test('a client that says half a line waits no longer than the detection', async () => {
  await steal(8080, mine, { detectionMs: 200 });
  const { came } = await talk(8080, { send: 'GE' }, { until: 'END' });
  assert.match(came, /^original 8080/);
});

test('a client that is silent for long is still filtered when it speaks HTTP', async () => {
  await steal(8000, mine, { detectionMs: 200 });
  const { came } = await talk(8000, { pause: 500 }, { send: get('/1', 'X-User: me', close) }, { until: 'END' });
  assert.deepEqual(answers(came), ['thief /1']);
});

test('TLS stays with the pod, and the developer is told once', async () => {
  await steal(8080, mine);
  for (let i = 0; i < 2; i++) await talk(8080, { send: '\x16\x03\x01\x00\x05hello' }, { until: 'END' });
  assert.equal(thief.told.length, 1);
  assert.match(thief.told[0] ?? '', /Port 8080 gets TLS/);
});

test('a body decides where a filter asks for it, up to its limits', async () => {
  await steal(8000, { kind: 'body', query: '$.user', pattern: '^me$' }, { maxBodyBytes: 1000, maxBodyMs: 300 });
  const chunked = (body: string) =>
    `POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n${body.slice(0, 2)}\r\n${(body.length - 2).toString(16)}\r\n${body.slice(2)}\r\n0\r\n\r\n`;
  const long = JSON.stringify({ user: 'me', more: 'x'.repeat(2000) });
  const sent =
    post('/1', '{"user":"me"}') +
    post('/2', '{"user":"you"}') +
    chunked('{"user":"me"}') +
    post('/4', long) +
    get('/5', close);
  assert.deepEqual(answers((await talk(8000, { send: sent }, { until: 'END' })).came), [
    'thief /1',
    'pod /2',
    'thief /c',
    'pod /4',
    'pod /5',
  ]);
  const slow = post('/slow', '{"user":"me"}', close);
  const { came } = await talk(
    8000,
    { send: slow.slice(0, -3) },
    { pause: 600 },
    { send: slow.slice(-3) },
    { until: 'END' },
  );
  assert.deepEqual(answers(came), ['pod /slow']);
});

test('the kubelet’s probes are left to the pod unless they are asked for', async () => {
  await thief.link.request('steal', everything(8000));
  const probe = get('/healthz', 'User-Agent: kube-probe/1.31', close);
  assert.deepEqual(answers((await talk(8000, { send: probe }, { until: 'END' })).came), ['pod /healthz']);
  assert.deepEqual(answers((await talk(8000, { send: get('/', close) }, { until: 'END' })).came), ['thief /']);
  await thief.link.request('release', { port: 8000 });
  await thief.link.request('steal', everything(8000, { probes: true }));
  assert.deepEqual(answers((await talk(8000, { send: probe }, { until: 'END' })).came), ['thief /healthz']);
});

test('two sessions with filters of their own share a connection', async () => {
  const other = await startThief(agent, 'other');
  await steal(8000, mine);
  const filter = JSON.stringify({ kind: 'path', pattern: '^/o' });
  await other.link.request('steal', everything(8000, { filter }));
  const sent = get('/1', 'X-User: me') + get('/o2') + get('/3') + get('/o4', 'X-User: me', close);
  const { came } = await talk(8000, { send: sent }, { until: 'END' });
  assert.deepEqual(answers(came), ['thief /1', 'other /o2', 'pod /3', 'other /o4']);
  other.stop();
});

test('a connection that outlives the steal is served by the pod from its next request on', async () => {
  await thief.link.request('steal', everything(8000));
  const talking = talk(
    8000,
    { send: get('/1') },
    { until: '"/1"' },
    { pause: 400 },
    { send: get('/2') },
    { until: '"/2"' },
  );
  while (thief.got.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await thief.link.request('release', { port: 8000 });
  thief.stop();
  assert.deepEqual(answers((await talking).came), ['thief /1', 'pod /2']);
});

test('a pattern that runs away is stopped, and after a few times the filter is off', async () => {
  await steal(8000, { kind: 'header', pattern: '^x: (?!b)(a+)+$' });
  for (let i = 0; i < 3; i++) {
    const { came } = await talk(8000, { send: get('/', `X: ${'a'.repeat(5000)}!`, close) }, { until: 'END' });
    assert.deepEqual(answers(came), ['pod /']);
  }
  assert.match(thief.told.join(), /took longer than 50 ms/);
});

test('an answer that comes before the request is read, and a reset behind it, still gets to the client', async () => {
  await steal(8000, mine);
  for (let i = 0; i < 5; i++) {
    const { came } = await talk(8000, { send: post('/unread', 'x'.repeat(110_000), close) }, { until: 'END' });
    assert.deepEqual(answers(came), ['pod /unread']);
  }
});

/** A client that asks every `everyMs` on one kept-alive connection, until it is told to stop. @returns who answered */
function steadyClient(everyMs: number) {
  const script = `
    const http = require('node:http');
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const ask = () => new Promise((resolve) => {
      http.get({ host: '${podAddress}', port: 8000, agent, path: '/' }, async (response) => {
        const text = (await response.toArray()).join('');
        resolve(JSON.parse(text).who);
      }).on('error', (error) => resolve(error.code));
    });
    (async () => {
      for (let stopped = false; !stopped; ) {
        console.log(await ask());
        await new Promise((resolve) => setTimeout(resolve, ${everyMs}));
        process.stdin.once('data', () => { stopped = true; });
      }
      process.exit();
    })();`;
  const child = pod.inClient(process.execPath, '-e', script);
  const said: string[] = [];
  child.stdout?.on('data', (data) => said.push(...String(data).trim().split('\n')));
  return {
    said,
    async until(who: string) {
      for (const start = Date.now(); said.at(-1) !== who; ) {
        assert.ok(Date.now() - start < 5000, `still answered by ${said.at(-1)}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    stop: () => child.kill(),
  };
}

test('a client that keeps its connection from before comes to the program, and back to the pod, without a failure', async () => {
  const client = steadyClient(100);
  await client.until('pod');
  await thief.link.request('steal', everything(8000, { flush: true }));
  await client.until('thief');
  await thief.link.request('release', { port: 8000 });
  thief.stop();
  agent.process.kill('SIGTERM'); // the last session's end
  await client.until('pod');
  await new Promise((resolve) => setTimeout(resolve, 500));
  client.stop();
  assert.deepEqual(new Set(client.said), new Set(['pod', 'thief']));
  assert.equal(client.said.at(-1), 'pod');
});

test('an old connection is not reset in the middle of a request', async () => {
  const client = pod.connect(8000);
  assert.equal(await client.line(), 'connected');
  client.send(get('/slower', close));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await thief.link.request('steal', everything(8000, { flush: true }));
  assert.match(await client.line(), /^HTTP\/1\.1 200 OK/);
});
