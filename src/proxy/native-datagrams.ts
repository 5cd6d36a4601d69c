// UDP of native programs: the program's own socket talks to a port of this machine's loopback, which stands for a
// socket of the pod. Each datagram between the two is a record with its peer in the pod.

import { createSocket } from 'node:dgram';
import { DatagramDecoder, decodeRecord, encodeDatagram, encodeRecord } from '../protocol/datagram.ts';
import type { Link } from '../protocol/link.ts';
import type { ReplyOf, RequestOf } from '../protocol/schema.ts';

/** One socket of a program, until `close`. */
export interface Relay {
  readonly reply: ReplyOf<'relayUdp'>;
  close(): void;
}

/** @throws RemoteError, or the system error of bind(2) */
export async function relayUdp(link: Link, { family, program }: RequestOf<'relayUdp'>): Promise<Relay> {
  const loopback = family === 6 ? '::1' : '127.0.0.1';
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, loopback, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  const { reply, channel } = await link.openStream('openUdp', { family }).catch((error: unknown) => {
    socket.close();
    throw error;
  });
  const decoder = new DatagramDecoder();
  // What cannot be sent, or not be taken in time, is lost, as on a network.
  socket.on('error', () => {});
  socket.on('message', (record, { port }) => {
    if (port !== program || channel.writableNeedDrain) return;
    try {
      channel.write(encodeDatagram(decodeRecord(record)));
    } catch {
      // not from our layer
    }
  });
  channel.on('error', () => {});
  channel.on('data', (chunk: Buffer) => {
    for (const datagram of decoder.push(chunk)) socket.send(encodeRecord(datagram), program, loopback, () => {});
  });
  channel.once('close', () => socket.close());
  return {
    reply: { port: socket.address().port, local: reply.local },
    close: () => channel.destroy(),
  };
}
