import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { ownHello } from '../../../src/protocol/hello.ts';
import { Link } from '../../../src/protocol/link.ts';
import { type Agent, startAgent } from '../support/agent.ts';
import { type Pod, startPod } from '../support/pod.ts';

let pod: Pod;
const agents: Agent[] = [];

before(async () => {
  pod = await startPod();
});
after(async () => {
  await Promise.all(agents.map((agent) => agent.stop()));
  await pod?.stop();
});

async function start(settings: NodeJS.ProcessEnv): Promise<Agent> {
  const agent = await startAgent(settings);
  agents.push(agent);
  return agent;
}

const target = () => ({ MIRRORD_AGENT_TARGET_PID: String(pod.pid) });

test('a proxy of another protocol is told which side is older', async () => {
  const agent = await start(target());
  const socket = connect(agent.port, '127.0.0.1');
  const own = { ...ownHello('proxy'), major: 0 };
  await assert.rejects(Link.connect(socket, own, 5000), {
    code: 'PROTOCOL_MISMATCH',
    message: /the proxy is the older/,
  });
});

test('an agent that finds no target stays, and says so to each session', async () => {
  const agent = await start({ MIRRORD_AGENT_CONTAINER_ID: 'ab'.repeat(32) });
  await assert.rejects(agent.session(), { code: 'TARGET_NOT_RUNNING', message: /abababababab/ });
  await assert.rejects(agent.session(), { code: 'TARGET_NOT_RUNNING' });
});

test('an agent that may not enter says which step failed', async () => {
  const agent = await start({ MIRRORD_AGENT_TARGET_PID: '4000000' });
  await assert.rejects(agent.session(), { code: 'AGENT_FAILED', message: /environment.*ENOENT/ });
});

test('a message that the agent does not know is refused, and the session goes on', async () => {
  const { link } = await (await start(target())).session();
  await assert.rejects(link.request('listen', { port: 1, local: { host: '::', port: 1 } }), { code: 'ENOSYS' });
  await link.request('readEnvironment', {});
  link.close();
});

test('an agent without a session ends itself', async () => {
  const agent = await start({ ...target(), MIRRORD_AGENT_IDLE_S: '1' });
  const { link } = await agent.session();
  const startedMs = Date.now();
  setTimeout(() => link.close(), 1500);
  const [code] = await once(agent.process, 'exit');
  assert.equal(code, 0);
  assert.ok(Date.now() - startedMs >= 2400, 'it waited for the session and then for the idle time');
});

test('garbage on the port, and a connection that is dropped, do no harm', async () => {
  const agent = await start(target());
  const socket = connect(agent.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'close');
  const silent = connect(agent.port, '127.0.0.1');
  silent.on('connect', () => silent.destroy());
  const { link } = await agent.session();
  link.close();
});

test('when the target ends, the agent ends its sessions and itself', async () => {
  const own = await startPod();
  const agent = await start({ MIRRORD_AGENT_TARGET_PID: String(own.pid) });
  const { link } = await agent.session();
  await own.stop();
  const [code] = await once(agent.process, 'exit', { signal: AbortSignal.timeout(3000) });
  assert.notEqual(code, 0);
  assert.ok((await link.closed) instanceof Error);
  assert.ok(agent.log.some((line) => line.includes('target ended')));
});

test('the last session that leaves is told so, the agent takes no other one and ends', async () => {
  const agent = await start(target());
  const [first, second] = [await agent.session(), await agent.session()];
  assert.deepEqual(await first.link.request('leave', {}), { last: false });
  assert.deepEqual(await second.link.request('leave', {}), { last: true });
  await assert.rejects(agent.session(), { code: 'AGENT_ENDING' });
  first.link.close();
  second.link.close();
  const [code] = await once(agent.process, 'exit');
  assert.equal(code, 0);
});

test('a session that joins while another leaves is served', async () => {
  const agent = await start(target());
  const { link } = await agent.session();
  const silent = connect(agent.port, '127.0.0.1');
  await once(silent, 'connect');
  await link.request('readEnvironment', {}); // the agent has accepted the other one by then
  assert.deepEqual(await link.request('leave', {}), { last: false });
  link.close();
  const late = await Link.connect(silent, ownHello('proxy'), 5000);
  await late.request('readEnvironment', {});
  late.close();
});
