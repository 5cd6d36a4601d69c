import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { openCluster } from '../../../src/kube/cluster.ts';
import { PortForward, PortForwardError } from '../../../src/kube/port-forward.ts';
import { kubeconfigFor } from './fixtures.ts';

const data = (payload: Buffer | string) => Buffer.concat([Buffer.of(0), Buffer.from(payload)]);
const errorText = (text: Buffer | string) => Buffer.concat([Buffer.of(1), Buffer.from(text)]);
const port = Buffer.from([0x99, 0xef]);

/** A port-forward to a kubelet that is only this function, and that knows the old subprotocol only. */
async function forwardTo(t: TestContext, serve: (socket: WebSocket, url: string) => void): Promise<PortForward> {
  const http = createServer().listen(0, '127.0.0.1');
  // `ws` refuses Kubernetes' names of subprotocols, which are no tokens.
  http.prependListener('upgrade', ({ headers }: IncomingMessage) => {
    assert.equal(headers['sec-websocket-protocol'], 'SPDY/3.1+portforward.k8s.io, v4.channel.k8s.io');
    delete headers['sec-websocket-protocol'];
  });
  const sockets = new WebSocketServer({ server: http });
  sockets.on('headers', (headers) => headers.push('Sec-WebSocket-Protocol: v4.channel.k8s.io'));
  sockets.on('connection', (socket, request) => {
    socket.send(data(port));
    socket.send(errorText(port));
    serve(socket, request.url ?? '');
  });
  t.after(() => {
    sockets.close();
    http.close();
    http.closeAllConnections();
  });
  await once(http, 'listening');
  const server = `http://127.0.0.1:${(http.address() as AddressInfo).port}/prefix/`;
  return PortForward.open(openCluster(...kubeconfigFor(server)), 'eu', 'agent', 61337);
}

async function readAll(stream: PortForward): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

test('bytes go both ways, without channel bytes and port numbers', async (t) => {
  const stream = await forwardTo(t, (socket, url) => {
    assert.equal(url, '/prefix/api/v1/namespaces/eu/pods/agent/portforward?ports=61337');
    socket.on('message', (message: Buffer) => {
      assert.equal(message[0], 0);
      socket.send(data(`got ${message.subarray(1)}`));
      socket.close();
    });
  });
  stream.write('hello');
  assert.equal(await readAll(stream), 'got hello');
});

test('several small writes leave as one message', async (t) => {
  const messages: string[] = [];
  const stream = await forwardTo(t, (socket) => {
    socket.on('message', (message: Buffer) => messages.push(message.subarray(1).toString()));
  });
  stream.cork();
  for (const text of ['a', 'b', 'c']) stream.write(text);
  stream.uncork();
  stream.end();
  stream.resume();
  await once(stream, 'close');
  assert.deepEqual(messages, ['abc']);
});

test('what was written at once and is much leaves in several messages, in order', async (t) => {
  const messages: Buffer[] = [];
  const stream = await forwardTo(t, (socket) => {
    socket.on('message', (message: Buffer) => messages.push(message.subarray(1)));
  });
  const chunks = Array.from({ length: 40 }, (_, i) => Buffer.alloc(100_000, i));
  stream.cork();
  for (const chunk of chunks) stream.write(chunk);
  stream.uncork();
  stream.end();
  stream.resume();
  await once(stream, 'close');
  assert.ok(messages.length > 1);
  assert.ok(Buffer.concat(messages).equals(Buffer.concat(chunks)));
});

test("a refused port destroys the stream with the far end's words", async (t) => {
  const stream = await forwardTo(t, (socket) => {
    socket.send(errorText('error forwarding port 61337: dial tcp4 127.0.0.1:61337: connect: connection refused'));
  });
  const [error] = (await once(stream, 'error')) as [PortForwardError];
  assert.ok(error instanceof PortForwardError);
  assert.equal(error.refused, true);
  assert.match(error.message, /connection refused/);
});

test('a broken connection is an error, a closed one the end', async (t) => {
  const broken = await forwardTo(t, (socket) => socket.terminate());
  await assert.rejects(readAll(broken), /broke/);
  const closed = await forwardTo(t, (socket) => socket.close());
  assert.equal(await readAll(closed), '');
});

test('a reader that stops stops the sender', async (t) => {
  const chunk = data(Buffer.alloc(256 * 1024));
  let sent = 0;
  const stream = await forwardTo(t, (socket) => {
    const next = () => {
      sent += chunk.length;
      socket.send(chunk, (error) => error ?? setImmediate(next));
    };
    next();
  });
  await sleep(300);
  const stoppedAt = sent;
  await sleep(300);
  assert.equal(sent, stoppedAt);
  assert.ok(stoppedAt < 16 * 1024 * 1024, `${stoppedAt} bytes are in flight`);
  stream.resume();
  await sleep(100);
  assert.ok(sent > stoppedAt);
  stream.destroy();
});

test('a receiver that stops stops the writer', async (t) => {
  const stream = await forwardTo(t, (socket) => socket.pause());
  const chunk = Buffer.alloc(256 * 1024);
  let taken = 0;
  const next = () =>
    stream.write(chunk, (error) => {
      if (error) return;
      taken += chunk.length;
      next();
    });
  stream.on('error', () => {});
  next();
  await sleep(300);
  const stoppedAt = taken;
  await sleep(300);
  assert.equal(taken, stoppedAt);
  assert.ok(stoppedAt < 16 * 1024 * 1024, `${stoppedAt} bytes are in flight`);
  stream.destroy();
});

test('what the API server refuses is explained', async (t) => {
  const http = createServer().listen(0, '127.0.0.1');
  http.on('upgrade', (_request, socket) => {
    const body = '{"message":"User \\"eve\\" cannot create resource \\"pods/portforward\\""}';
    socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
  t.after(() => http.close());
  await once(http, 'listening');
  const cluster = openCluster(...kubeconfigFor(`http://127.0.0.1:${(http.address() as AddressInfo).port}`));
  await assert.rejects(PortForward.open(cluster, 'eu', 'agent', 1), {
    code: 'FORBIDDEN',
    message: /eve may not create pods\/portforward/,
  });
});
