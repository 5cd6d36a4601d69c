// bind, listen and accept: a port that a program listens on is the pod's, as the loader has it (loader/net/listen.ts).

import fs from 'node:fs';
import { podPort, reachable } from '../../src/policy/sockets.ts';
import type { Address } from '../../src/protocol/schema.ts';
import { type Call, Errno, type Handler, isErrno, type Outcome } from '../call.ts';
import { say } from '../say.ts';
import { readAddress } from './connect.ts';
import { writeAddress } from './names.ts';
import { type Network, type Taken, withSocket } from './network.ts';
import { AF_INET, decodeAddress, encodeAddress } from './sockaddr.ts';

/** Of bits/socket_type.h, the same numbers as O_NONBLOCK and O_CLOEXEC. */
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

/** How often a call that waits is asked whether its thread still lives. */
const lookEveryMs = 1_000;

export function listenHandlers(network: Network): Record<string, Handler> {
  return {
    /** bind(fd, address, length) */
    bind(call) {
      const address = readAddress(call, call.long(1), call.int(2));
      if (address === undefined) return 'pass';
      return withSocket<Outcome>(network, call, call.int(0), (socket) => bind(network, socket, address));
    },
    /** listen(fd, backlog) */
    listen: (call) => withSocket<Outcome>(network, call, call.int(0), (socket) => listen(network, call, socket)),
    /** accept(fd, address, length), accept4 with flags */
    accept: (call) => accept(network, call, 0),
    accept4: (call) => accept(network, call, call.int(3)),
  };
}

/** Binds as asked where that is possible here; what only the pod allows is bound elsewhere, and shown as asked. */
function bind(
  { addon, session, listeners, udp }: Network,
  { fd, family, kind, inode }: Taken,
  address: Buffer,
): Outcome {
  const asked = decodeAddress(address);
  if (asked === undefined) return 'pass';
  const to = (changed: Partial<Address>) => addon.bind(fd, encodeAddress(family, { ...asked, ...changed }));
  const [, moved] = session.settings.incoming.listenPorts.find(([from]) => from === asked.port) ?? [];
  try {
    if (moved !== undefined && kind === 'tcp') to({ port: moved });
    else addon.bind(fd, address); // as it is, with a scope
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' && asked.port !== 0) to({ port: 0 });
    else if (code === 'EADDRNOTAVAIL') to({ host: family === AF_INET ? '127.0.0.1' : '::1' });
    else {
      if (code === 'EADDRINUSE' && kind === 'tcp') sayInUse(moved ?? asked.port);
      throw error;
    }
  }
  if (kind === 'tcp') listeners.asked(inode, asked);
  else if (asked.port !== 0) udp.boundPorts.add(asked.port);
  return 0;
}

function sayInUse(port: number): void {
  say(`Port ${port} is in use on this machine; feature.network.incoming.listen_ports can move it.`);
}

async function listenInPod(network: Network, call: Call, { inode }: Taken, local: Address): Promise<void> {
  const { session, listeners } = network;
  const asked = listeners.askedBy(inode) ?? local;
  if (asked.port !== 0 && asked.port !== local.port) {
    say(`Port ${asked.port} of the program is port ${local.port} on this machine.`);
  }
  const port = podPort(session.settings.incoming, asked);
  const shown = { ...asked, port: asked.port === 0 ? local.port : asked.port };
  try {
    if (port !== undefined) await session.calls.ask('listen', { port, local });
    else await session.calls.ask('announce', { port: shown.port, local });
  } catch (error) {
    if (port === undefined) return; // the session's end tells by itself; the program listens all the same
    const code = isErrno(error) ? error.code : 'EADDRINUSE';
    // That somebody else has it is told by the proxy, with what to do.
    if (code !== 'EADDRINUSE') say(`Port ${port} of the pod could not be taken: ${(error as Error).message}`);
    throw new Errno(code);
  }
  const descriptor = call.int(0);
  listeners.add({ inode, thread: call.thread, descriptor, asked: shown, local, podPort: port });
}

function listen(network: Network, call: Call, socket: Taken): Outcome | Promise<Outcome> {
  const { addon, listeners } = network;
  if (socket.kind !== 'tcp') return 'pass';
  addon.listen(socket.fd, call.int(1));
  const own = decodeAddress(addon.addressOf(socket.fd) ?? Buffer.alloc(0));
  if (own === undefined || listeners.find(socket.inode) !== undefined) return 0; // a second listen: another backlog
  return listenInPod(network, call, socket, { host: reachable(own.host), port: own.port }).then(() => 0);
}

/** Connections of a taken port are the proxy's; the program is told of the pod's client. */
function accept(network: Network, call: Call, flags: number): Outcome | Promise<Outcome> {
  if (!network.listeners.any) return 'pass';
  return withSocket<Outcome>(network, call, call.int(0), (socket) => {
    if (network.listeners.find(socket.inode)?.podPort === undefined) return 'pass';
    return acceptFromProxy(network, call, socket, flags);
  });
}

async function acceptFromProxy(network: Network, call: Call, socket: Taken, flags: number): Promise<Outcome> {
  const { addon, session } = network;
  const descriptor = await nextConnection(network, call, socket, flags & SOCK_NONBLOCK);
  try {
    const peer = addon.peerOf(descriptor) ?? Buffer.alloc(0);
    const real = decodeAddress(peer);
    // A client of this machine, not one of the pod's, is no peer that the proxy knows.
    const client = await session.calls.ask('peerOf', { port: real?.port ?? 0 }).then(
      (ends) => ends.client,
      () => real,
    );
    if (call.long(1) !== 0 && client !== undefined) {
      writeAddress(call, call.long(1), call.long(2), encodeAddress(socket.family, client));
    }
    return { descriptor, closeOnExec: (flags & SOCK_CLOEXEC) !== 0 };
  } catch (error) {
    fs.closeSync(descriptor);
    throw error;
  }
}

/** @throws Errno EAGAIN where the socket must not block, EINTR when the thread was killed */
async function nextConnection({ addon }: Network, call: Call, socket: Taken, flags: number): Promise<number> {
  for (;;) {
    try {
      return addon.accept(socket.fd, flags);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || socket.nonBlocking) throw error;
    }
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        addon.stopPoll(poll);
        resolve();
      };
      const timer = setTimeout(done, lookEveryMs);
      const poll = addon.startPoll(socket.fd, 1, done);
    });
    if (!call.waits) throw new Errno('EINTR');
  }
}
