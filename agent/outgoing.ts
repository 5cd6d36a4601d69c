// Outgoing TCP: connects from inside the pod and joins the connection to the proxy's stream. The host is
// an IP address always: names are resolved by `lookup`, never by Node's own, which would load code from
// the target's file system.

import { connect, isIP, type Socket } from 'node:net';
import type { Channel } from '../src/protocol/channel.ts';
import { RemoteError } from '../src/protocol/failure.ts';
import type { Address, ReplyOf, RequestOf } from '../src/protocol/schema.ts';
import { splice } from '../src/protocol/splice.ts';

/** Answers when the pod's connect(2) has succeeded. @throws with the errno name of the connect(2) that failed */
export function connectTcp({ to }: RequestOf<'connectTcp'>, channel: Channel): Promise<ReplyOf<'connectTcp'>> {
  return connectTo(to, {}, channel);
}

/** @throws as `connectTcp`, or with the errno name of the bind(2) that failed */
export function connectTcpFrom(
  { to, from }: RequestOf<'connectTcpFrom'>,
  channel: Channel,
): Promise<ReplyOf<'connectTcpFrom'>> {
  return connectTo(to, { localAddress: from.host, localPort: from.port }, channel);
}

async function connectTo(
  to: Address,
  from: { localAddress?: string; localPort?: number },
  channel: Channel,
): Promise<ReplyOf<'connectTcp'>> {
  if (isIP(to.host) === 0) throw new RemoteError('EINVAL', `"${to.host}" is no IP address`);
  const socket = connect({ ...to, ...from, noDelay: true, keepAlive: true, allowHalfOpen: true });
  // The proxy has given up, or its link is gone: nobody waits for this connection.
  const giveUp = () => socket.destroy(new RemoteError('ECANCELED', 'nobody waits for this connection any more'));
  channel.once('close', giveUp);
  if (channel.destroyed) giveUp();
  try {
    await connected(socket);
  } finally {
    channel.off('close', giveUp);
  }
  splice(socket, channel);
  return {
    local: { host: socket.localAddress ?? '', port: socket.localPort ?? 0 },
    remote: { host: socket.remoteAddress ?? to.host, port: socket.remotePort ?? to.port },
  };
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error) => {
      socket.off('connect', done).off('error', done);
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.once('connect', done).once('error', done);
  });
}
