// UDP of native programs: the program's own socket talks to a port of this machine's loopback, which stands for a
// socket of the pod. Each datagram between the two is a record with its peer in the pod.

import { createSocket } from 'node:dgram';
import { type Datagram, DatagramDecoder, decodeRecord, encodeDatagram, encodeRecord } from '../protocol/datagram.ts';
import type { ReplyOf, RequestOf } from '../protocol/schema.ts';
import type { Links } from './links.ts';
import type { NativeNetwork } from './native-network.ts';

/** What the sockets of a session share. */
export interface RelayContext {
  readonly links: Links;
  readonly network: NativeNetwork;
}

/** One socket of a program, until `close`. */
export interface Relay {
  readonly reply: ReplyOf<'relayUdp'>;
  close(): void;
}

/** @throws RemoteError, or the system error of bind(2) */
export async function relayUdp(
  { links, network }: RelayContext,
  { family, program }: RequestOf<'relayUdp'>,
): Promise<Relay> {
  const loopback = family === 6 ? '::1' : '127.0.0.1';
  const type = family === 6 ? 'udp6' : 'udp4';
  const socket = createSocket(type);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, loopback, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  const { reply, channel } = await links.main.openStream('openUdp', { family }).catch((error: unknown) => {
    socket.close();
    throw error;
  });
  const decoder = new DatagramDecoder();
  // What cannot be sent, or not be taken in time, is lost, as on a network.
  socket.on('error', () => {});
  socket.on('message', (record, { port }) => {
    if (port !== program || channel.writableNeedDrain) return;
    const datagram = decodeOrUndefined(record);
    if (datagram === undefined) return; // not from our layer
    const { host, port: to } = datagram.peer;
    if (network.sideOf('udp', host, to) === 'remote') channel.write(encodeDatagram(datagram));
    else here.send(datagram.data, to, host, () => {});
  });
  // What the configuration keeps on this machine leaves from here.
  const here = createSocket(type).unref();
  here.on('error', () => {});
  here.on('message', (data, { address, port }) => {
    socket.send(encodeRecord({ peer: { host: address, port }, data }), program, loopback, () => {});
  });
  channel.on('error', () => {});
  channel.on('data', (chunk: Buffer) => {
    for (const datagram of decoder.push(chunk)) socket.send(encodeRecord(datagram), program, loopback, () => {});
  });
  channel.once('close', () => {
    socket.close();
    here.close();
  });
  return {
    reply: { port: socket.address().port, local: reply.local },
    close: () => channel.destroy(),
  };
}

function decodeOrUndefined(record: Buffer): Datagram | undefined {
  try {
    return decodeRecord(record);
  } catch {
    return undefined;
  }
}
