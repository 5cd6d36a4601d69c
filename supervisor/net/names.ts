// getsockname and getpeername: a socket that is connected to the proxy, or accepted from it, shows the pod's ends.

import { leadsToLoopback } from '../../src/policy/sockets.ts';
import type { Address } from '../../src/protocol/schema.ts';
import type { Call, Handler, Outcome } from '../call.ts';
import { type Network, type Taken, withSocket } from './network.ts';
import { decodeAddress, encodeAddress } from './sockaddr.ts';
import { udpEnds } from './udp.ts';

export function nameHandlers(network: Network): Record<string, Handler> {
  return {
    /** getsockname(fd, address, length) */
    getsockname: (call) => show(network, call, 'local'),
    getpeername: (call) => show(network, call, 'remote'),
  };
}

/** Writes as much of an address as there is room for, and how long it is: what every such call does. */
export function writeAddress(call: Call, at: number, lengthAt: number, address: Buffer): void {
  const room = call.read(lengthAt, 4).readInt32LE(0);
  const length = Buffer.alloc(4);
  length.writeInt32LE(address.length);
  call.write(at, address.subarray(0, Math.max(room, 0)));
  call.write(lengthAt, length);
}

function show(network: Network, call: Call, which: 'local' | 'remote'): Outcome | Promise<Outcome> {
  return withSocket<Outcome>(network, call, call.int(0), (socket) => {
    const answer = (address: Address | undefined): Outcome => {
      if (address === undefined) return 'pass';
      writeAddress(call, call.long(1), call.long(2), encodeAddress(socket.family, address));
      return 0;
    };
    const shown = trueAddress(network, socket, which);
    return shown instanceof Promise ? shown.then(answer) : answer(shown);
  });
}

/** Undefined where the socket's own address is the right one. */
function trueAddress(
  network: Network,
  socket: Taken,
  which: 'local' | 'remote',
): Address | undefined | Promise<Address | undefined> {
  const { addon, session, ends, slowPorts, listeners } = network;
  if (socket.kind === 'udp') {
    const udp = udpEnds(network, socket);
    return which === 'local' ? udp?.local() : udp?.remote;
  }
  const listener = listeners.find(socket.inode);
  if (listener !== undefined) return which === 'local' ? listener.asked : undefined;
  const own = decodeAddress(addon.addressOf(socket.fd) ?? Buffer.alloc(0));
  const peer = decodeAddress(addon.peerOf(socket.fd) ?? Buffer.alloc(0));
  if (own === undefined || peer === undefined || !leadsToLoopback(peer.host)) return undefined;
  if (peer.port === session.settings.tcpPort || slowPorts.has(peer.port)) return ends.get(own.port)?.[which];
  if (!listeners.isTaken(own.port)) return undefined;
  return session.calls.ask('peerOf', { port: peer.port }).then(
    ({ client, server }) => (which === 'local' ? server : client),
    () => undefined, // a client of this machine, not one of the pod's
  );
}
