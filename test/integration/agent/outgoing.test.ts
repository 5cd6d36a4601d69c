import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Link } from '../../../src/protocol/link.ts';
import { encodeRequest, messages } from '../../../src/protocol/schema.ts';
import { type Agent, startAgent } from '../support/agent.ts';
import { type Pod, podAddress, startPod } from '../support/pod.ts';

let pod: Pod;
let agent: Agent;
let link: Link;

before(async () => {
  pod = await startPod();
  agent = await startAgent({ MIRRORD_AGENT_TARGET_PID: String(pod.pid) });
  ({ link } = await agent.session());
});
after(async () => {
  link?.close();
  await agent?.stop();
  await pod?.stop();
});

const connectTo = (host: string, port: number) => link.openStream('connectTcp', { to: { host, port } });

test("a service on the pod's own loopback is reached, and both addresses are told", async () => {
  const { reply, channel } = await connectTo('127.0.0.1', 7000);
  assert.deepEqual(reply.remote, { host: '127.0.0.1', port: 7000 });
  assert.equal(reply.local.host, '127.0.0.1');
  channel.write('hello');
  const [bytes] = await once(channel, 'data');
  assert.equal(String(bytes), 'hello');
  channel.destroy();
});

test('a half-closed connection still brings all that the other side sends', async () => {
  const { channel } = await connectTo('127.0.0.1', 7000);
  const sent = randomBytes(8 * 1024 * 1024);
  channel.end(sent);
  const hash = createHash('sha256');
  for await (const chunk of channel) hash.update(chunk);
  assert.equal(hash.digest('hex'), createHash('sha256').update(sent).digest('hex'));
});

test('a reset by the service is a reset here', async () => {
  const { channel } = await connectTo('127.0.0.1', 7001);
  channel.write('x');
  const [error] = await once(channel, 'error');
  assert.equal(error.code, 'ECONNRESET');
});

test('a connect that fails keeps its errno', async () => {
  await assert.rejects(connectTo('127.0.0.1', 1), { code: 'ECONNREFUSED' });
  await assert.rejects(connectTo('192.0.2.1', 80), { code: 'ENETUNREACH' });
  await assert.rejects(connectTo('shop-0', 80), { code: 'EINVAL' });
});

test('a connect that is given up is gone from the pod at once', async () => {
  const connecting = async () => (await pod.inPod('ss', '-Htn', 'state', 'syn-sent')).includes('10.77.0.99');
  const giveUp = new AbortController();
  const request = encodeRequest('connectTcp', { to: { host: '10.77.0.99', port: 80 } }); // nobody answers there
  const opening = link.forwardStream(messages.connectTcp.number, request, giveUp.signal);
  while (!(await connecting())) await sleep(5);
  giveUp.abort();
  await assert.rejects(opening, { code: 'ECANCELED' });
  await link.request('lookup', { name: 'shop-0', family: 0 }); // behind it on the link
  assert.equal(await connecting(), false);
});

test('names are those that the pod knows', async () => {
  const lookup = async (name: string, family = 0) => (await link.request('lookup', { name, family })).addresses;
  assert.deepEqual(await lookup('shop-0'), [podAddress]);
  assert.deepEqual(await lookup('payments'), ['10.77.0.9']);
  assert.deepEqual(await lookup('prices'), ['10.77.0.20']);
  assert.deepEqual(await lookup('example.com.', 4), ['10.77.0.30']);
  await assert.rejects(lookup('nope'), { code: 'EAI_NONAME' });
  await assert.rejects(lookup('prices', 6), { code: 'EAI_NODATA' });
  await assert.rejects(lookup('broken'), { code: 'EAI_AGAIN' });
});
