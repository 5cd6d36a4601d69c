// UDP of the loader: what a socket sends to the cluster leaves from a socket of the pod, and the answers come
// back with their true sender. The socket here stays as it is, for what is local.

import type { Socket } from 'node:net';
import { leadsToLoopback } from '../../src/policy/sockets.ts';
import { DatagramDecoder, encodeDatagram } from '../../src/protocol/datagram.ts';
import { preamble } from '../../src/protocol/preamble.ts';
import type { Address } from '../../src/protocol/schema.ts';
import { type BindingFunction, getBinding, type Handle } from '../bindings.ts';
import { errnoOf } from '../errors.ts';
import { type AddressInfo, fillAddress } from '../net/address.ts';
import type { Network } from '../net/network.ts';
import type { Session } from '../session.ts';

/** The pod's socket behind a socket of the program. */
interface Remote {
  readonly socket: Socket;
  /** Datagrams from before the proxy's answer, which has to come first; then undefined. */
  early: Buffer[] | undefined;
  /** Set by connect(): only this peer's datagrams are taken. */
  peer?: Address | undefined;
}

/** What of the handle Node sets and we call. */
interface UdpHandle extends Handle {
  onmessage(length: number, handle: UdpHandle, data: Buffer, from: AddressInfo): void;
}

/** Datagrams that wait for the proxy, in bytes; beyond that they are lost, as on a network. */
const maxWaitingBytes = 4 * 1024 * 1024;

const remotes = new WeakMap<UdpHandle, Remote>();
/** Ports of this machine that the program's own sockets are bound to. */
const boundPorts = new Set<number>();
const ownPorts = new WeakMap<UdpHandle, number>();

export function installUdp(session: Session, network: Network): void {
  if (!session.settings.outgoingUdp) return;
  const { prototype } = getBinding('udp_wrap').UDP;
  for (const family of [4, 6] as const) {
    const suffix = family === 6 ? '6' : '';
    replaceBind(prototype, `bind${suffix}`);
    replaceSend(session, network, prototype, `send${suffix}`, family);
    replaceConnect(session, network, prototype, `connect${suffix}`, family);
  }
  replaceDisconnect(prototype);
  replaceClose(prototype);
}

/** bind(ip, port, flags) */
function replaceBind(prototype: Record<string, BindingFunction>, name: string): void {
  const original = prototype[name] as BindingFunction;
  prototype[name] = function (...args) {
    const errno = original.apply(this, args);
    if (errno !== 0) return errno;
    const own: AddressInfo = {};
    (this as { getsockname(into: AddressInfo): number }).getsockname(own);
    ownPorts.set(this as UdpHandle, own.port ?? 0);
    boundPorts.add(own.port ?? 0);
    return errno;
  };
}

/** send(req, list, count, port, ip, hasCallback); a connected socket's has neither port nor ip. */
function replaceSend(
  session: Session,
  network: Network,
  prototype: Record<string, BindingFunction>,
  name: string,
  family: 4 | 6,
): void {
  const original = prototype[name] as BindingFunction;
  prototype[name] = function (...args) {
    const handle = this as UdpHandle;
    const connected = remotes.get(handle)?.peer;
    const to = args.length > 4 ? { host: args[4] as string, port: args[3] as number } : connected;
    if (to === undefined || !isRemote(network, to)) return original.apply(this, args);
    const data = Buffer.concat(args[1] as Buffer[]);
    if (data.length > 65_507) return errnoOf('EMSGSIZE');
    const { socket, early } = remoteOf(session, handle, family);
    const datagram = encodeDatagram({ peer: to, data });
    if (early !== undefined) early.push(datagram);
    else if (socket.writableLength <= maxWaitingBytes) socket.write(datagram);
    return data.length + 1; // sent at once, in the binding's words
  };
}

/** connect(ip, port) */
function replaceConnect(
  session: Session,
  network: Network,
  prototype: Record<string, BindingFunction>,
  name: string,
  family: 4 | 6,
): void {
  const original = prototype[name] as BindingFunction;
  prototype[name] = function (...args) {
    const peer = { host: args[0] as string, port: args[1] as number };
    if (!isRemote(network, peer)) return original.apply(this, args);
    const handle = this as UdpHandle;
    remoteOf(session, handle, family).peer = peer;
    handle.getpeername = (into: AddressInfo) => fillAddress(into, peer);
    return 0;
  };
}

function replaceDisconnect(prototype: Record<string, BindingFunction>): void {
  const original = prototype.disconnect as BindingFunction;
  prototype.disconnect = function (...args) {
    const remote = remotes.get(this as UdpHandle);
    if (remote?.peer === undefined) return original.apply(this, args);
    remote.peer = undefined;
    delete (this as UdpHandle).getpeername;
    return 0;
  };
}

function replaceClose(prototype: Record<string, BindingFunction>): void {
  const original = prototype.close as BindingFunction;
  prototype.close = function (...args) {
    remotes.get(this as UdpHandle)?.socket.end();
    remotes.delete(this as UdpHandle);
    boundPorts.delete(ownPorts.get(this as UdpHandle) ?? 0);
    return original.apply(this, args);
  };
}

function isRemote({ policy, known }: Network, { host, port }: Address): boolean {
  if (leadsToLoopback(host) && boundPorts.has(port)) return false;
  return policy.connects('udp', host, port, known.of(host)?.name) === 'remote';
}

function remoteOf(session: Session, handle: UdpHandle, family: 4 | 6): Remote {
  const known = remotes.get(handle);
  if (known !== undefined) return known;
  const { connect } = require('node:net') as typeof import('node:net');
  const socket = connect({ host: '127.0.0.1', port: session.settings.tcpPort, noDelay: true });
  const remote: Remote = { socket, early: [] };
  const call = session.async.expect('openUdp', (error) => {
    if (error === undefined) socket.write(Buffer.concat(remote.early ?? []));
    else socket.destroy();
    remote.early = undefined;
  });
  socket.write(preamble(session, call, 'openUdp', { family }));
  const decoder = new DatagramDecoder();
  socket.on('data', (chunk: Buffer) => {
    for (const { peer, data } of decoder.push(chunk)) deliver(handle, remote, peer, data);
  });
  socket.on('error', () => socket.destroy());
  // Lost like datagrams on a broken network; the next send opens another.
  socket.on('close', () => remotes.get(handle) === remote && remotes.delete(handle));
  socket.unref(); // the program's own socket is what keeps it running
  remotes.set(handle, remote);
  return remote;
}

function deliver(handle: UdpHandle, { peer }: Remote, from: Address, data: Buffer): void {
  if (peer !== undefined && (peer.host !== from.host || peer.port !== from.port)) return;
  const sender: AddressInfo = {};
  fillAddress(sender, from);
  handle.onmessage(data.length, handle, Buffer.from(data), sender);
}
