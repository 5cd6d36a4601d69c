// UDP: what a program sends to the cluster leaves from a socket of the pod. The program's own socket talks to relays
// of ours on loopback, one for each peer, so that reading, polling and connect's filtering stay the kernel's; a
// relay's port says which peer a datagram came from.

import dgram from 'node:dgram';
import fs from 'node:fs';
import net from 'node:net';
import { leadsToLoopback } from '../../src/policy/sockets.ts';
import { DatagramDecoder, encodeDatagram } from '../../src/protocol/datagram.ts';
import { preamble } from '../../src/protocol/preamble.ts';
import type { Address } from '../../src/protocol/schema.ts';
import { Errno, type Outcome } from '../call.ts';
import { localPort } from './connect.ts';
import { allowIPv4, type Network, type Taken } from './network.ts';
import { encodeAddress } from './sockaddr.ts';

/** The pod's socket behind a socket of a program. */
export interface RemoteSocket {
  readonly stream: net.Socket;
  /** By the peer, as text. */
  readonly relays: Map<string, Promise<Relay>>;
  /** The local port of the program's socket, where the relays deliver. */
  port: number;
  /** Datagrams from before the proxy's answer, which has to come first; then undefined. */
  early: Buffer[] | undefined;
}

interface Relay {
  readonly peer: Address;
  readonly port: number;
  readonly socket: dgram.Socket;
}

/** The sockets of programs that have one in the pod, by inode, and the relays by their port. */
export class RemoteSockets {
  readonly byInode = new Map<number, RemoteSocket>();
  readonly peers = new Map<number, Address>();
  /** Ports that programs have bound here: to them a datagram on loopback stays. */
  readonly boundPorts = new Set<number>();
  timer: NodeJS.Timeout | undefined;
}

/** Datagrams that wait for the proxy, in bytes; beyond that they are lost, as on a network. */
const maxWaitingBytes = 4 * 1024 * 1024;
const lookEveryMs = 5_000;

export function isRemoteUdp({ policy, udp }: Network, { host, port }: Address): boolean {
  if (policy.connects('udp', host, port) === 'local') return false;
  return !leadsToLoopback(host) || !udp.boundPorts.has(port);
}

/** connect(2) of a UDP socket: its one peer is the relay from now on. */
export async function connectUdp(network: Network, socket: Taken, peer: Address): Promise<Outcome> {
  await connectToRelay(network, socket, peer);
  return 0;
}

async function connectToRelay(network: Network, socket: Taken, peer: Address): Promise<void> {
  const remote = remoteOf(network, socket, peer);
  const { port } = await relayFor(network, remote, peer);
  allowIPv4(network, socket);
  network.addon.connect(socket.fd, encodeAddress(socket.family, { host: '127.0.0.1', port }));
  remote.port = localPort(network, socket);
}

/** sendto(2) to a peer of the pod. @returns the bytes sent */
export async function sendUdp(network: Network, socket: Taken, peer: Address, data: Buffer, flags: number) {
  if (data.length > 65_507) throw new Errno('EMSGSIZE');
  const remote = remoteOf(network, socket, peer);
  const { port } = await relayFor(network, remote, peer);
  allowIPv4(network, socket);
  const to = encodeAddress(socket.family, { host: '127.0.0.1', port });
  const sent = network.addon.send(socket.fd, data, flags, to);
  remote.port = localPort(network, socket); // which the first datagram has bound
  return sent;
}

/** The true peer, and the pod's own address, of a socket that is connected to a relay. */
export function udpEnds(
  network: Network,
  socket: Taken,
): { remote: Address; local: () => Promise<Address> } | undefined {
  const { addon, udp } = network;
  if (!udp.byInode.has(socket.inode)) return undefined;
  const peer = addon.peerOf(socket.fd);
  const remote = peer === undefined ? undefined : udp.peers.get(peer.readUInt16BE(2));
  if (remote === undefined) return undefined;
  const family = remote.host.includes(':') ? 'IPv6' : 'IPv4';
  const local = () => podHost(network, family).then((host) => ({ host, port: localPort(network, socket) }));
  return { remote, local };
}

/** The pod's own address, asked once; 127.0.0.1 where it has none of that family. */
async function podHost(network: Network, family: 'IPv4' | 'IPv6'): Promise<string> {
  network.podInterfaces ??= network.session.calls.ask('networkInterfaces', {}).then(({ interfaces }) => interfaces);
  const interfaces = JSON.parse(await network.podInterfaces) as NodeJS.Dict<
    { family: string; address: string; internal: boolean }[]
  >;
  const own = Object.values(interfaces).flatMap((list) => list ?? []);
  const found = own.find((one) => !one.internal && one.family === family && !one.address.startsWith('fe80:'));
  return found?.address ?? (family === 'IPv6' ? '::1' : '127.0.0.1');
}

/** @param peer the first one, whose family is the pod's socket's: one of IPv6 here has IPv4 peers, too */
function remoteOf(network: Network, { inode }: Taken, peer: Address): RemoteSocket {
  const { session, udp } = network;
  const known = udp.byInode.get(inode);
  if (known !== undefined && !known.stream.destroyed) return known;
  const stream = net.connect({ host: '127.0.0.1', port: session.settings.tcpPort, noDelay: true });
  const { call, reply } = session.calls.expect('openUdp');
  const remote: RemoteSocket = { stream, relays: new Map(), port: 0, early: [] };
  reply.then(
    () => {
      stream.write(Buffer.concat(remote.early ?? []));
      remote.early = undefined;
    },
    () => stream.destroy(),
  );
  stream.write(preamble(session, call, 'openUdp', { family: peer.host.includes(':') ? 6 : 4 }));
  const decoder = new DatagramDecoder();
  stream.on('data', (chunk: Buffer) => {
    for (const { peer, data } of decoder.push(chunk)) void deliver(network, remote, peer, Buffer.from(data));
  });
  stream.on('error', () => stream.destroy());
  udp.byInode.set(inode, remote);
  udp.timer ??= setInterval(() => forgetClosed(network), lookEveryMs);
  return remote;
}

function relayFor({ udp }: Network, remote: RemoteSocket, peer: Address): Promise<Relay> {
  const key = `${peer.host} ${peer.port}`;
  const known = remote.relays.get(key);
  if (known !== undefined) return known;
  const relay = new Promise<Relay>((resolve, reject) => {
    const socket = dgram.createSocket('udp4');
    socket.once('error', reject);
    socket.on('message', (data) => {
      const datagram = encodeDatagram({ peer, data });
      if (remote.early !== undefined) remote.early.push(datagram);
      else if (remote.stream.writableLength <= maxWaitingBytes) remote.stream.write(datagram);
    });
    socket.bind(0, '127.0.0.1', () => {
      socket.off('error', reject).on('error', () => {}); // what cannot be delivered is lost
      const { port } = socket.address();
      udp.peers.set(port, peer);
      resolve({ peer, port, socket });
    });
  });
  remote.relays.set(key, relay);
  return relay;
}

async function deliver(network: Network, remote: RemoteSocket, peer: Address, data: Buffer): Promise<void> {
  const { socket } = await relayFor(network, remote, peer);
  if (remote.port !== 0) socket.send(data, remote.port, '127.0.0.1');
}

/** Ends what belongs to sockets that are closed. */
function forgetClosed({ udp }: Network): void {
  const open = openInodes();
  for (const [inode, { stream, relays }] of udp.byInode) {
    if (open.has(inode)) continue;
    udp.byInode.delete(inode);
    stream.end();
    for (const relay of relays.values()) {
      void relay.then(({ socket, port }) => {
        udp.peers.delete(port);
        socket.close();
      });
    }
  }
  if (udp.byInode.size > 0) return;
  clearInterval(udp.timer);
  udp.timer = undefined;
}

/** proc_net_udp(5): the tenth column. */
function openInodes(): Set<number> {
  const tables = ['/proc/net/udp', '/proc/net/udp6'].filter((table) => fs.existsSync(table));
  const lines = tables.flatMap((table) => fs.readFileSync(table, 'utf8').split('\n').slice(1));
  return new Set(lines.map((line) => Number(line.trim().split(/\s+/)[9])));
}
