import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import test, { type TestContext } from 'node:test';
import { type Channel, windowBytes } from '../../../src/protocol/channel.ts';
import { RemoteError } from '../../../src/protocol/failure.ts';
import { encodeFrame } from '../../../src/protocol/frame.ts';
import { ownHello } from '../../../src/protocol/hello.ts';
import { type Handlers, Link } from '../../../src/protocol/link.ts';
import { encodeRequest, messages } from '../../../src/protocol/schema.ts';

const address = { host: '10.0.0.1', port: 80 };
const addresses = { local: address, remote: address };

/** Two links over a real socket: the proxy's, and the agent's with its handlers. */
async function linkPair(t: TestContext, handlers: Handlers): Promise<{ proxy: Link; agent: Link; transport: Duplex }> {
  const { near, far } = await socketPair(t);
  const [proxy, agent] = await Promise.all([
    Link.connect(near, ownHello('proxy'), 1000),
    Link.accept(far, ownHello('agent'), () => Promise.resolve(), 1000).then((link) => {
      link.serve(handlers);
      return link;
    }),
  ]);
  t.after(() => {
    proxy.close();
    agent.close();
  });
  return { proxy, agent, transport: near };
}

async function socketPair(t: TestContext): Promise<{ near: net.Socket; far: net.Socket }> {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [net.Socket];
  t.after(() => {
    server.close();
    near.destroy();
    far.destroy();
  });
  return { near, far };
}

async function bytesOf(channel: Channel): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of channel) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Waits for the end of a stream that may end with an error. */
function closed(channel: Channel | undefined): Promise<void> {
  return new Promise((resolve) => channel?.on('close', resolve));
}

test('a call gets its reply, many at once and in any order', async (t) => {
  const { proxy } = await linkPair(t, {
    lookup: async ({ name }) => {
      await new Promise((resolve) => setTimeout(resolve, Number(name)));
      return { addresses: [name] };
    },
  });
  const asked = ['30', '20', '10', '0'];
  const replies = await Promise.all(asked.map((name) => proxy.request('lookup', { name, family: 0 })));
  assert.deepEqual(
    replies.map((reply) => reply.addresses[0]),
    asked,
  );
});

test("an error keeps the other side's code", async (t) => {
  const { proxy } = await linkPair(t, {
    access: () => {
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    },
  });
  const asked = proxy.request('access', { path: Buffer.from('/x'), mode: 0 });
  await assert.rejects(asked, (error) => error instanceof RemoteError && error.code === 'ENOENT');
});

test('a message that the other side does not know is ENOSYS', async (t) => {
  const { proxy } = await linkPair(t, {});
  await assert.rejects(proxy.request('readEnvironment', {}), { code: 'ENOSYS' });
});

test('a stream carries more than its window both ways, and half-closes', async (t) => {
  const { proxy } = await linkPair(t, {
    connectTcp: (_request, channel) => {
      channel.pipe(channel);
      return addresses;
    },
  });
  const { channel } = await proxy.openStream('connectTcp', { to: address });
  const sent = Buffer.alloc(5 * windowBytes, 'abcdefg');
  const received = bytesOf(channel);
  channel.end(sent);
  assert.ok(sent.equals(await received));
});

test('a reader that does not read stops its own sender and nobody else', async (t) => {
  const streams: Channel[] = [];
  const { proxy } = await linkPair(t, {
    connectTcp: (_request, channel) => {
      streams.push(channel);
      return addresses;
    },
    access: () => ({}),
  });
  const { channel } = await proxy.openStream('connectTcp', { to: address });
  let sent = 0;
  const chunk = Buffer.alloc(64 * 1024);
  while (channel.write(chunk)) sent += chunk.length;
  const pump = () => {
    sent += chunk.length;
    if (sent < 20 * windowBytes) channel.write(chunk, pump);
  };
  channel.write(chunk, pump);
  for (let calls = 0; calls < 50; calls++) await proxy.request('access', { path: Buffer.from('/'), mode: 0 });
  assert.ok(sent <= 3 * windowBytes, `${sent} bytes were taken from the sender`);
  assert.equal(streams.length, 1);
});

test('a destroyed stream is a reset on the other side', async (t) => {
  let other: Channel | undefined;
  const { proxy } = await linkPair(t, {
    connectTcp: (_request, channel) => {
      other = channel;
      return addresses;
    },
  });
  const { channel } = await proxy.openStream('connectTcp', { to: address });
  const reset = closed(other);
  channel.destroy();
  await reset;
  assert.equal((other?.errored as NodeJS.ErrnoException | undefined)?.code, 'ECONNRESET');
});

test('a stream that is given up before it is open is reset on the other side, and its late answer is dropped', async (t) => {
  const asked: Channel[] = [];
  let answer: (reply: typeof addresses) => void = () => {};
  const { proxy } = await linkPair(t, {
    connectTcp: (_request, channel) => {
      asked.push(channel);
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
    access: () => ({}),
  });
  const giveUp = new AbortController();
  const request = encodeRequest('connectTcp', { to: address });
  const opening = proxy.forwardStream(messages.connectTcp.number, request, giveUp.signal);
  await proxy.request('access', { path: Buffer.from('/'), mode: 0 }); // the one before it has arrived
  giveUp.abort();
  await assert.rejects(opening, { code: 'ECANCELED' });
  await closed(asked[0]);
  answer(addresses);
  await proxy.request('access', { path: Buffer.from('/'), mode: 0 });
});

test('when the wire breaks, calls fail and streams are reset', async (t) => {
  const { proxy, transport } = await linkPair(t, {
    connectTcp: () => addresses,
    readEnvironment: () => new Promise(() => {}),
  });
  const { channel } = await proxy.openStream('connectTcp', { to: address });
  const call = assert.rejects(proxy.request('readEnvironment', {}), { code: 'LINK_CLOSED' });
  transport.destroy();
  await Promise.all([call, closed(channel), proxy.closed]);
  await assert.rejects(proxy.request('readEnvironment', {}), { code: 'LINK_CLOSED' });
});

test('a peer of another protocol version is told which side is the older one', async (t) => {
  const { near, far } = await socketPair(t);
  const accepted = Link.accept(far, ownHello('agent'), () => Promise.resolve(), 1000).catch(() => {});
  const old = { ...ownHello('proxy'), major: 0, version: '0.0.1' };
  await assert.rejects(Link.connect(near, old, 1000), (error: RemoteError) => {
    assert.equal(error.code, 'PROTOCOL_MISMATCH');
    return /the proxy 0\.0\.1 speaks 0\.\d+: the proxy is the older one/.test(error.message);
  });
  await accepted;
});

test('an agent that cannot serve says why', async (t) => {
  const { near, far } = await socketPair(t);
  const ready = () => Promise.reject(Object.assign(new Error('no such container'), { code: 'ESRCH' }));
  const accepted = Link.accept(far, ownHello('agent'), ready, 1000).catch(() => {});
  await assert.rejects(Link.connect(near, ownHello('proxy'), 1000), { code: 'ESRCH', message: 'no such container' });
  await accepted;
});

test('bytes that are no frames end the link', async (t) => {
  const { near, far } = await socketPair(t);
  const connecting = Link.connect(near, ownHello('proxy'), 1000);
  far.write('SSH-2.0-OpenSSH_9.2 is not what you expected');
  await assert.rejects(connecting, /unknown frame kind|is above/);
});

test('a frame out of sequence ends the link', async (t) => {
  const { proxy, agent } = await linkPair(t, {});
  assert.equal(agent.peer.role, 'proxy');
  const { near, far } = await socketPair(t);
  const [link] = await Promise.all([
    Link.connect(near, ownHello('proxy'), 1000),
    Link.accept(far, ownHello('agent'), () => Promise.resolve(), 1000),
  ]);
  far.write(encodeFrame({ kind: 'ping', channel: 0, sequence: 7 }));
  assert.match(String(await link.closed), /frame 7 came instead of 1/);
  proxy.close();
});
