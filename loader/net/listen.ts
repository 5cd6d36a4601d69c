// Listening of the loader: when the program listens on a port, the pod's requests to that port come here
// before listen() returns, and go back to the pod when the program closes it.

import type { IncomingSettings } from '../../src/policy/layer-settings.ts';
import { podPort, reachable } from '../../src/policy/sockets.ts';
import type { Address, RequestOf } from '../../src/protocol/schema.ts';
import { type BindingFunction, getBinding, type Handle } from '../bindings.ts';
import { codeOf, errnoOf } from '../errors.ts';
import type { Session } from '../session.ts';
import { type AddressInfo, fillAddress, isIPv6, showAddress } from './address.ts';
import { holderOf } from './port-holder.ts';

/** The ports that this thread listens on. */
export class Listening {
  /** The port that the program asked for, by the local port that it is. */
  #ports = new Map<number, number>();
  /** The local ports whose connections the proxy makes. */
  #taken = new Set<number>();

  /** @returns where the program's own listener on a port is reached on this machine */
  localPort(port: number): number | undefined {
    for (const [local, asked] of this.#ports) if (asked === port && port !== 0) return local;
    return this.#ports.has(port) ? port : undefined;
  }

  /** Whether connections to it can be the proxy's: a parent process (cluster) can listen, and hand them to us. */
  isTaken(localPort: number): boolean {
    return this.#taken.has(localPort) || (hasParent() && !this.#ports.has(localPort));
  }

  get anyTaken(): boolean {
    return this.#taken.size > 0 || hasParent();
  }

  add(asked: number, local: number, taken: boolean): void {
    this.#ports.set(local, asked);
    if (taken) this.#taken.add(local);
  }

  remove(local: number): void {
    this.#ports.delete(local);
    this.#taken.delete(local);
  }
}

/** A process with an IPC channel gets handles by it. */
function hasParent(): boolean {
  return process.channel !== undefined;
}

/** What a handle was asked to bind, by handle. */
const asked = new WeakMap<object, Address>();
/** Handles that are bound to loopback in place of an address that only the pod has. */
const substituted = new WeakSet<object>();

/** @returns what a handle that is to connect was asked to bind: an address of the pod, or a port */
export function boundTo(handle: object): Address | undefined {
  return asked.get(handle);
}

export function installListen(session: Session, listening: Listening): void {
  const { prototype } = getBinding('tcp_wrap').TCP;
  for (const [name, loopback] of [
    ['bind', '127.0.0.1'],
    ['bind6', '::1'],
  ] as const) {
    const original = prototype[name];
    if (original === undefined) continue;
    prototype[name] = function (...args) {
      return bind(session.settings.incoming, this as Handle, original, args, loopback);
    };
  }
  replaceListen(session, listening, prototype);
  replacePeerName(session, listening, prototype);
}

/**
 * Binds as asked where that is possible here. In the pod the program may be root and has the pod's own
 * address: what only the pod allows is bound on this machine's loopback, and the program sees what it asked.
 */
function bind(
  settings: IncomingSettings,
  handle: Handle,
  original: BindingFunction,
  args: unknown[],
  loopback: string,
): unknown {
  const [host, port, ...rest] = args as [string, number];
  asked.set(handle, { host, port });
  const [, moved] = settings.listenPorts.find(([from]) => from === port) ?? [];
  const here = moved ?? port;
  const errno = original.call(handle, host, here, ...rest);
  if (errno === errnoOf('EACCES') && here !== 0 && moved === undefined) return original.call(handle, host, 0, ...rest);
  if (errno !== errnoOf('EADDRNOTAVAIL')) return errno;
  substituted.add(handle);
  return original.call(handle, loopback, here, ...rest);
}

function replaceListen(session: Session, listening: Listening, prototype: Record<string, BindingFunction>): void {
  const original = prototype.listen as BindingFunction;
  prototype.listen = function (...args) {
    const handle = this as Handle;
    const errno = original.apply(handle, args);
    const bound: AddressInfo = {};
    const boundErrno = (handle.getsockname as (into: AddressInfo) => number)(bound);
    // Bound by somebody else, who gave it to us: a parent process (cluster without round robin), systemd.
    const wanted = asked.get(handle) ?? { host: bound.address ?? '', port: bound.port ?? 0 };
    if (errno === errnoOf('EADDRINUSE')) sayHolder(session.settings.incoming, wanted.port);
    if (errno !== 0 || boundErrno !== 0) return errno;
    const local = { host: reachable(bound.address ?? ''), port: bound.port ?? 0 };
    const isMoved = wanted.port !== 0 && wanted.port !== local.port;
    if (isMoved) say(`Port ${wanted.port} of the program is port ${local.port} on this machine.`);
    if (isMoved || substituted.has(handle)) {
      showAddress(handle, 'getsockname', { ...wanted, port: wanted.port || local.port });
    }
    let port = podPort(session.settings.incoming, wanted);
    if (port !== undefined) {
      try {
        session.sync.call('listen', { port, local });
      } catch (error) {
        const code = codeOf(error, 'EADDRINUSE');
        const { mode } = session.settings.incoming;
        // That somebody else has it is told by the proxy, with what to do.
        if (code !== 'EADDRINUSE') {
          const what = mode === 'mirror' ? 'mirrored' : 'taken';
          say(`Port ${port} of the pod could not be ${what}: ${(error as Error).message}`);
        }
        // A program that is only to look on runs without that as well.
        if (mode !== 'mirror') return errnoOf(code);
        port = undefined;
      }
    }
    // Other threads and processes of the session reach it as they would in the pod.
    const own = { port: wanted.port === 0 ? local.port : wanted.port, local };
    if (port === undefined) announce(session, own);
    listening.add(wanted.port, local.port, port !== undefined);
    const close = handle.close;
    handle.close = (callback) => {
      handle.close = close;
      listening.remove(local.port);
      if (port === undefined) session.async.call('withdraw', own, () => {});
      else session.async.call('unlisten', { port, local }, () => {});
      close.call(handle, callback);
    };
    return 0;
  };
}

function announce(session: Session, own: RequestOf<'announce'>): void {
  try {
    session.sync.call('announce', own);
  } catch {
    // The session has ended, which is told by itself; the program listens all the same.
  }
}

/** The connections of a taken port are the proxy's; the program sees the pod's client behind them. */
function replacePeerName(session: Session, listening: Listening, prototype: Record<string, BindingFunction>): void {
  const getPeer = prototype.getpeername as BindingFunction;
  const getSelf = prototype.getsockname as BindingFunction;
  prototype.getpeername = function (...args) {
    const errno = getPeer.apply(this, args);
    if (errno !== 0 || !listening.anyTaken) return errno;
    return showTrueEnds(this as Handle, args[0] as AddressInfo, 'getpeername') ?? errno;
  };
  prototype.getsockname = function (...args) {
    const errno = getSelf.apply(this, args);
    const into = args[0] as AddressInfo;
    if (errno !== 0 || !listening.isTaken(into.port ?? 0) || asked.has(this as object)) return errno;
    return showTrueEnds(this as Handle, into, 'getsockname') ?? errno;
  };

  const showTrueEnds = (handle: Handle, into: AddressInfo, name: 'getpeername' | 'getsockname') => {
    const self: AddressInfo = {};
    const peer: AddressInfo = {};
    if (getSelf.call(handle, self) !== 0 || !listening.isTaken(self.port ?? 0)) return undefined;
    if (getPeer.call(handle, peer) !== 0) return undefined;
    try {
      const ends = session.sync.call('peerOf', { port: peer.port ?? 0 });
      const client = asSeenBy(peer, ends.client);
      const server = asSeenBy(peer, ends.server);
      showAddress(handle, 'getpeername', client);
      showAddress(handle, 'getsockname', server);
      return fillAddress(into, name === 'getpeername' ? client : server);
    } catch {
      return undefined; // a client of this machine, not one of the pod's
    }
  };
}

function sayHolder(settings: IncomingSettings, asked: number): void {
  const [, port = asked] = settings.listenPorts.find(([from]) => from === asked) ?? [];
  const holder = holderOf(port);
  const whose = holder === undefined ? 'by another process' : `by ${holder}`;
  say(`Port ${port} is in use on this machine ${whose}; feature.network.incoming.listen_ports can move it.`);
}

/** An IPv4 client of a server that listens on `::` has an IPv4-mapped address, as its real peer has here. */
function asSeenBy(peer: AddressInfo, { host, port }: Address): Address {
  return { host: isIPv6(peer.address ?? '') && !isIPv6(host) ? `::ffff:${host}` : host, port };
}

function say(sentence: string): void {
  process.stderr.write(`mirrord: ${sentence}\n`);
}
