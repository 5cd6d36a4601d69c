// What the calls on sockets share: the session's connections, by the local port that each has on this machine. A
// port's next connection takes the last one's place, so nothing of closed sockets has to be noticed.

import fs from 'node:fs';
import { createNetworkPolicy, type NetworkPolicy } from '../../src/policy/network.ts';
import type { Address } from '../../src/protocol/schema.ts';
import type { Addon } from '../addon.ts';
import type { Call } from '../call.ts';
import { say } from '../say.ts';
import type { Session } from '../session.ts';
import { Listeners } from './listeners.ts';
import { AF_INET6, type Family, familyOf } from './sockaddr.ts';
import { RemoteSockets } from './udp.ts';

/** The two ends of a connection as the program is to see them. */
export interface Ends {
  readonly local: Address;
  readonly remote: Address;
}

export interface Network {
  readonly addon: Addon;
  readonly session: Session;
  readonly policy: NetworkPolicy;
  /** By the local port of a socket that is connected to the proxy, or to a port of `slowPorts`. */
  readonly ends: Map<number, Ends>;
  /** Ports of ours that stand for the proxy's, see slow-connect.ts. */
  readonly slowPorts: Set<number>;
  /** Inodes of the sockets that connect to them. */
  readonly connecting: Set<number>;
  readonly listeners: Listeners;
  readonly udp: RemoteSockets;
  /** The pod's interfaces, as JSON, once they were asked for. */
  podInterfaces: Promise<string> | undefined;
}

export function makeNetwork(addon: Addon, session: Session): Network {
  const policy = createNetworkPolicy(session.settings);
  if (policy.goesByName) {
    say('outgoing.filter has names, which a program without libc resolves by itself: for it, addresses count only.');
  }
  return {
    addon,
    session,
    policy,
    ends: new Map(),
    slowPorts: new Set(),
    connecting: new Set(),
    listeners: new Listeners(session),
    udp: new RemoteSockets(),
    podInterfaces: undefined,
  };
}

/** Of asm-generic/socket.h. */
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_PROTOCOL = 38;
const SO_DOMAIN = 39;
const SOCK_STREAM = 1;
const IPPROTO_UDP = 17;

/** A socket of a program, as our own descriptor. */
export interface Taken {
  readonly fd: number;
  readonly inode: number;
  readonly family: Family;
  readonly kind: 'tcp' | 'udp';
  readonly nonBlocking: boolean;
}

/**
 * Gives `use` our copy of a socket, and closes it when that is done. The open socket is the same one, so options,
 * readiness and epoll registrations are the program's.
 * @returns what `use` returns, or 'pass' for a descriptor that is no TCP or UDP socket
 */
export function withSocket<T>(
  { addon }: Network,
  call: Call,
  descriptor: number,
  use: (socket: Taken) => T | Promise<T>,
): T | Promise<T> | 'pass' {
  const fd = call.take(descriptor);
  let later = false;
  try {
    const socket = describe(addon, fd);
    if (socket === undefined) return 'pass';
    const result = use(socket);
    if (!(result instanceof Promise)) return result;
    later = true;
    return result.finally(() => fs.closeSync(fd));
  } finally {
    if (!later) fs.closeSync(fd);
  }
}

function describe(addon: Addon, fd: number): Taken | undefined {
  const own = addon.addressOf(fd);
  const family = own === undefined ? undefined : familyOf(own);
  if (family === undefined || addon.option(fd, SOL_SOCKET, SO_DOMAIN) !== family) return undefined;
  const isStream = addon.option(fd, SOL_SOCKET, SO_TYPE) === SOCK_STREAM;
  if (!isStream && addon.option(fd, SOL_SOCKET, SO_PROTOCOL) !== IPPROTO_UDP) return undefined;
  return {
    fd,
    inode: fs.fstatSync(fd).ino,
    family,
    kind: isStream ? 'tcp' : 'udp',
    nonBlocking: (addon.flagsOf(fd) & fs.constants.O_NONBLOCK) !== 0,
  };
}

const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

/** The proxy and our own sockets are on 127.0.0.1: an IPv6 socket has to be allowed to go there. */
export function allowIPv4({ addon }: Network, { fd, family }: Taken): void {
  if (family !== AF_INET6) return;
  try {
    addon.setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  } catch {
    // bound already: connecting will tell
  }
}
