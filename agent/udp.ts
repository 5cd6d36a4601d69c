// Outgoing UDP: a socket in the pod's network for one socket of the program, unconnected, so that each
// datagram goes to its own peer and each answer names the true one.

import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { Channel } from '../src/protocol/channel.ts';
import { DatagramDecoder, encodeDatagram } from '../src/protocol/datagram.ts';
import type { ReplyOf, RequestOf } from '../src/protocol/schema.ts';

/** @throws with the errno name of the bind(2) that failed */
export async function openUdp({ family }: RequestOf<'openUdp'>, channel: Channel): Promise<ReplyOf<'openUdp'>> {
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  await bound(socket);
  const decoder = new DatagramDecoder();
  // As a network does: what cannot be sent, or not be taken in time, is lost.
  socket.on('error', () => {});
  socket.on('message', (data, { address, port }) => {
    if (!channel.writableNeedDrain) channel.write(encodeDatagram({ peer: { host: address, port }, data }));
  });
  channel.on('data', (chunk: Buffer) => {
    try {
      for (const { peer, data } of decoder.push(chunk)) {
        // A name would be resolved by Node's own getaddrinfo, which the agent must never do.
        if (isIP(peer.host) !== 0 && peer.port !== 0) socket.send(data, peer.port, peer.host, () => {});
      }
    } catch {
      channel.destroy();
    }
  });
  channel.on('end', () => channel.end());
  channel.on('close', () => socket.close());
  const { address, port } = socket.address();
  return { local: { host: address, port } };
}

function bound(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, () => {
      socket.off('error', reject);
      resolve();
    });
  });
}
