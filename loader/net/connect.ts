// Outgoing TCP of the loader: a connect that goes to the cluster keeps the program's own handle, which
// connects to the proxy on loopback instead. A preamble says where to; how the pod's connect ended comes
// back beside the connection, so its bytes are the program's from the first to the last.

import { leadsToLoopback } from '../../src/policy/sockets.ts';
import type { Address, ReplyOf } from '../../src/protocol/schema.ts';
import { type BindingFunction, getBinding, type Handle, type Request } from '../bindings.ts';
import { resolveHere } from '../names/lookup.ts';
import type { Session } from '../session.ts';
import { showAddress } from './address.ts';
import { boundTo } from './listen.ts';
import type { Network } from './network.ts';
import { connectThroughProxy } from './through-proxy.ts';

/**
 * Node gives each address but the last 250 ms before it tries the next one (happy eyeballs), which a
 * round trip to the cluster can exceed: the link's time is added.
 */
const attemptTimeoutMs = 2_500;

export function installConnect(session: Session, network: Network): void {
  const { prototype } = getBinding('tcp_wrap').TCP;
  const { connect, connect6 } = prototype as { connect: BindingFunction; connect6: BindingFunction };
  for (const [name, family, original] of [
    ['connect', 4, connect],
    ['connect6', 6, connect6],
  ] as const) {
    prototype[name] = function (...args) {
      const [request, host, port, ...rest] = args as [Request, string, number];
      const here = (address: string, at = port) => original.call(this, request, address, at, ...rest);
      if (isOwn(session, host, port)) return here(host);
      const listener = leadsToLoopback(host) ? network.listening.localPort(port) : undefined;
      if (listener !== undefined) return here(host, listener);
      const known = network.known.of(host);
      if (network.policy.connects('tcp', host, port, known?.name) === 'remote') {
        // The proxy listens on IPv4, whatever family the program asks for; a bound socket of IPv6 stays one.
        const isBound6 = boundTo(this as object)?.host.includes(':') ?? false;
        const reach = (own: Request) =>
          isBound6
            ? connect6.call(this, own, '::ffff:127.0.0.1', session.settings.tcpPort)
            : connect.call(this, own, '127.0.0.1', session.settings.tcpPort);
        return connectRemote(session, this as Handle, request, { host, port }, reach);
      }
      if (known?.side !== 'remote') return here(host);
      // The pod resolved it, before it was known that this port of it is local.
      resolveHere(known.name, family, (address) => {
        const errno = here(address ?? host);
        if (errno !== 0) request.oncomplete(errno, this, request, false, false);
      });
      return 0;
    };
  }
  const net = require('node:net') as typeof import('node:net');
  const current = net.getDefaultAutoSelectFamilyAttemptTimeout();
  net.setDefaultAutoSelectFamilyAttemptTimeout(Math.max(current, attemptTimeoutMs));
}

/** Our own way to the proxy, and this process's debugger. */
function isOwn({ settings }: Session, host: string, port: number): boolean {
  return leadsToLoopback(host) && (port === settings.tcpPort || port === process.debugPort);
}

/** @param reach connects the handle to the proxy */
function connectRemote(
  session: Session,
  handle: Handle,
  request: Request,
  to: Address,
  reach: (request: Request) => unknown,
): unknown {
  const from = boundTo(handle);
  const show = ({ local, remote }: ReplyOf<'connectTcp'>) => {
    showAddress(handle, 'getpeername', remote);
    showAddress(handle, 'getsockname', local);
  };
  if (from === undefined) return connectThroughProxy(session, handle, request, 'connectTcp', { to }, { reach, show });
  return connectThroughProxy(session, handle, request, 'connectTcpFrom', { to, from }, { reach, show });
}
