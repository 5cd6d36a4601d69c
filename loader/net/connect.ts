// Outgoing TCP of the loader: a connect that goes to the cluster keeps the program's own handle, which
// connects to the proxy on loopback instead. A preamble says where to; how the pod's connect ended comes
// back beside the connection, so its bytes are the program's from the first to the last.

import { leadsToLoopback } from '../../src/policy/sockets.ts';
import type { Address } from '../../src/protocol/schema.ts';
import { getBinding, type Handle, type Request } from '../bindings.ts';
import { codeOf, errnoOf } from '../errors.ts';
import { resolveHere } from '../names/lookup.ts';
import type { Session } from '../session.ts';
import { showAddress } from './address.ts';
import type { Network } from './network.ts';
import { preamble } from './preamble.ts';

/**
 * Node gives each address but the last 250 ms before it tries the next one (happy eyeballs), which a
 * round trip to the cluster can exceed: the link's time is added.
 */
const attemptTimeoutMs = 2_500;

export function installConnect(session: Session, network: Network): void {
  const { prototype } = getBinding('tcp_wrap').TCP;
  for (const [name, family] of [
    ['connect', 4],
    ['connect6', 6],
  ] as const) {
    const original = prototype[name];
    if (original === undefined) continue;
    // The loopback form of the call: the proxy listens on IPv4, whatever family the program asks for.
    const connect = prototype.connect as typeof original;
    prototype[name] = function (...args) {
      const [request, host, port, ...rest] = args as [Request, string, number];
      const here = (address: string, at = port) => original.call(this, request, address, at, ...rest);
      if (isOwn(session, host, port)) return here(host);
      const listener = leadsToLoopback(host) ? network.listening.localPort(port) : undefined;
      if (listener !== undefined) return here(host, listener);
      const known = network.known.of(host);
      if (network.policy.connects('tcp', host, port, known?.name) === 'remote') {
        return connectThroughProxy(session, this as Handle, request, { host, port }, (own) =>
          connect.call(this, own, '127.0.0.1', session.settings.tcpPort),
        );
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

/** @param connect connects the handle to the proxy. @returns 0, or a negative errno at once */
function connectThroughProxy(
  session: Session,
  handle: Handle,
  request: Request,
  to: Address,
  connect: (request: Request) => unknown,
): unknown {
  const complete = request.oncomplete;
  const finish = (status: number) => complete.call(request, status, handle, request, status === 0, status === 0);

  // Two things have to happen, in this order: the handle reaches the proxy, the pod reaches the server.
  const call = session.async.expect('connectTcp', (error, reply) => {
    if (reply === undefined) {
      finish(errnoOf(codeOf(error, 'ENETUNREACH')));
      return;
    }
    showAddress(handle, 'getpeername', reply.remote);
    showAddress(handle, 'getsockname', reply.local);
    finish(0);
  });
  request.oncomplete = (status) => {
    request.oncomplete = complete;
    if (status === 0) {
      sendPreamble(session, handle, call, to);
    } else {
      session.async.forget(call);
      finish(errnoOf('ENETUNREACH')); // nobody is there: the session has ended
    }
  };
  const errno = connect(request);
  if (errno !== 0) session.async.forget(call);
  return errno;
}

function sendPreamble(session: Session, handle: Handle, call: number, to: Address): void {
  const write = new (getBinding('stream_wrap').WriteWrap)();
  write.oncomplete = () => {};
  (handle.writeBuffer as (request: Request, bytes: Buffer) => number)(
    write,
    preamble(session, call, 'connectTcp', { to }),
  );
}
