// connect(2): the program's own socket is connected to the proxy instead, and a preamble says where to. The call
// returns when the pod's connect has ended, with its result.

import { leadsToLoopback } from '../../src/policy/sockets.ts';
import { preamble } from '../../src/protocol/preamble.ts';
import type { Address } from '../../src/protocol/schema.ts';
import { type Call, Errno, type Handler, isErrno, type Outcome } from '../call.ts';
import { allowIPv4, type Network, type Taken, withSocket } from './network.ts';
import { connectSlowly } from './slow-connect.ts';
import { decodeAddress, encodeAddress, familyOf } from './sockaddr.ts';
import { connectUdp, isRemoteUdp } from './udp.ts';

/**
 * So long a socket that must not block is kept waiting for the pod's connect, whose error is then connect's own.
 * What takes longer goes on in the background.
 */
const patienceMs = 200;

/** sizeof(struct sockaddr_storage) */
const maxAddressBytes = 128;

export function connectHandler(network: Network): Handler {
  return (call) => {
    const address = readAddress(call, call.long(1), call.int(2));
    const to = address === undefined ? undefined : decodeAddress(address);
    if (to === undefined) return 'pass';
    return withSocket<Outcome>(network, call, call.int(0), (socket) => {
      if (socket.kind === 'udp') return isRemoteUdp(network, to) ? connectUdp(network, socket, to) : 'pass';
      if (!isRemoteTcp(network, to)) return 'pass';
      // Connected or connecting: the kernel says EISCONN, EALREADY, or that it is done.
      if (network.connecting.has(socket.inode) || network.addon.peerOf(socket.fd) !== undefined) return 'pass';
      return connectTcp(network, socket, { ...to, host: thisHosts[to.host] ?? to.host });
    });
  };
}

/** The unspecified address is this host's own (ip(7)). */
const thisHosts: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** @returns undefined for what is no IP address; a null pointer is the kernel's to refuse */
export function readAddress(call: Call, at: number, length: number): Buffer | undefined {
  if (length < 16 || length > maxAddressBytes) return undefined;
  const address = call.read(at, length);
  return familyOf(address) === undefined ? undefined : address;
}

function isRemoteTcp({ session, policy, listeners }: Network, { host, port }: Address): boolean {
  if (policy.connects('tcp', host, port) === 'local') return false;
  // The proxy's port is the way of the layers among the program's children.
  return !leadsToLoopback(host) || (port !== session.settings.tcpPort && !listeners.hasLocalPort(port));
}

async function connectTcp(network: Network, socket: Taken, to: Address): Promise<Outcome> {
  const { addon, session, ends } = network;
  allowIPv4(network, socket);
  await connectHere(network, socket, session.settings.tcpPort);
  const { call, reply } = session.calls.expect('connectTcp');
  try {
    addon.send(socket.fd, preamble(session, call, 'connectTcp', { to }), 0, undefined);
    const answer = await (socket.nonBlocking ? within(patienceMs, reply) : reply);
    if (answer !== undefined) {
      ends.set(localPort(network, socket), answer);
      return 0;
    }
  } catch (error) {
    session.calls.forget(call);
    addon.disconnect(socket.fd); // as before: a program may try again with the same socket
    throw isErrno(error) ? error : new Errno('ENETUNREACH');
  }
  session.calls.forget(call);
  addon.disconnect(socket.fd);
  connectSlowly(network, socket, to);
  throw new Errno('EINPROGRESS');
}

/** To a port of ours, which takes no time. @throws ENETUNREACH when nobody is there: the session has ended */
async function connectHere({ addon }: Network, { fd, family }: Taken, port: number): Promise<void> {
  try {
    addon.connect(fd, encodeAddress(family, { host: '127.0.0.1', port }));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED') throw new Errno('ENETUNREACH');
    if (code !== 'EINPROGRESS') throw error;
    await new Promise<void>((resolve) => {
      const poll = addon.startPoll(fd, 2, () => {
        addon.stopPoll(poll);
        resolve();
      });
    });
  }
}

export function localPort({ addon }: Network, { fd }: Pick<Taken, 'fd'>): number {
  return decodeAddress(addon.addressOf(fd) ?? Buffer.alloc(0))?.port ?? 0;
}

/** @returns undefined when it takes longer */
async function within<T>(ms: number, result: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}
