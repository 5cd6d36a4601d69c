// Outgoing connections on the developer's machine: a layer connects a socket to this port and writes a
// preamble (who it is, what it wants); the bytes behind it belong to a TCP connection or UDP socket of the pod.

import net from 'node:net';
import { leadsToLoopback } from '../policy/sockets.ts';
import { encodeFailure, RemoteError } from '../protocol/failure.ts';
import { encodeFrame, type Frame, FrameDecoder } from '../protocol/frame.ts';
import { decodeHello } from '../protocol/hello.ts';
import { decodeRequest, encodeReply, type MessageName, messageName } from '../protocol/schema.ts';
import { splice } from '../protocol/splice.ts';
import { connectLocally, type Incoming } from './incoming.ts';
import type { Links } from './links.ts';

/** A preamble that does not come at once comes from nobody of ours. */
const preambleTimeoutMs = 10_000;

/** What a layer may open here. */
const streams = new Set<MessageName | undefined>(['connectTcp', 'connectTcpFrom', 'connectUnix', 'openUdp']);

export interface OutgoingContext {
  readonly links: Links;
  readonly incoming: Incoming;
  readonly token: string;
  /** Sends a frame to a layer; how the program's connect ended goes this way, never into its bytes. */
  readonly tell: (layer: number, frame: Buffer) => void;
}

/**
 * Listens for the program's sockets; the token proves that they are of layers of this session.
 * @param where 0 and the loopback address for TCP, or the path of a unix socket
 */
export async function listenForOutgoing(where: net.ListenOptions, context: OutgoingContext): Promise<net.Server> {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    readPreamble(socket, context.token)
      .then(({ layer, request }) => connect(socket, layer, request, context))
      .catch(() => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, resolve);
  });
  return server;
}

async function connect(socket: net.Socket, layer: number, request: Frame, context: OutgoingContext): Promise<void> {
  const { channel: call, message, payload } = request;
  try {
    // The other one begins with the same field.
    const isTcp = ['connectTcp', 'connectTcpFrom'].includes(messageName(message) ?? '');
    const to = isTcp ? decodeRequest('connectTcp', payload).to : undefined;
    const own = to !== undefined && leadsToLoopback(to.host) ? context.incoming.findOwn(to.port) : undefined;
    if (to !== undefined && own !== undefined) {
      // The session listens on this port of the pod itself.
      const program = await connectLocally(own.local);
      const remote = { host: to.host, port: to.port };
      const local = { host: to.host, port: program.localPort ?? 0 };
      context.tell(
        layer,
        encodeFrame({ kind: 'reply', channel: call, payload: encodeReply('connectTcp', { local, remote }) }),
      );
      program.on('error', () => socket.resetAndDestroy());
      socket.on('error', () => program.resetAndDestroy());
      socket.pipe(program).pipe(socket);
      return;
    }
    const { payload: reply, channel } = await context.links.main.forwardStream(message, payload, givenUp(socket));
    context.tell(layer, encodeFrame({ kind: 'reply', channel: call, payload: reply }));
    splice(socket, channel);
  } catch (error) {
    context.tell(layer, encodeFrame({ kind: 'failure', channel: call, payload: encodeFailure(error) }));
    socket.destroy();
  }
}

/**
 * The program closes its socket, or ends, while the pod connects. It sends nothing before it has its answer, so
 * all that can be read until then is that.
 */
function givenUp(socket: net.Socket): AbortSignal {
  const giveUp = new AbortController();
  for (const event of ['end', 'close']) socket.once(event, () => giveUp.abort());
  if (socket.destroyed) giveUp.abort();
  socket.resume();
  return giveUp.signal;
}

/** Reads a hello and a request, and nothing behind them: the layer sends no more before it has its answer. */
function readPreamble(socket: net.Socket, token: string): Promise<{ layer: number; request: Frame }> {
  return new Promise((resolve, reject) => {
    const decoder = new FrameDecoder();
    const frames: Frame[] = [];
    socket.setTimeout(preambleTimeoutMs, () => reject(new RemoteError('ETIMEDOUT', 'no preamble')));
    socket.once('close', () => reject(new RemoteError('ECONNRESET', 'no preamble')));
    socket.on('data', function onData(chunk: Buffer) {
      try {
        frames.push(...decoder.push(chunk));
        const [hello, request] = frames;
        if (hello === undefined || request === undefined) return;
        socket.off('data', onData).pause();
        socket.setTimeout(0);
        const { token: shown, layer } = decodeHello(hello.payload);
        if (shown !== token || !streams.has(messageName(request.message))) throw new Error('not a layer of ours');
        resolve({ layer, request });
      } catch (error) {
        reject(error);
      }
    });
  });
}
