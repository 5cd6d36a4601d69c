// A connect of a socket that must not block, to a server that takes its time. The program's socket has to look as
// if it were connecting until the pod's has ended. So it connects to a listener of ours whose packets are dropped;
// when the pod is connected they are let through, and the kernel's next SYN (after 1, 3, 7 … seconds) completes
// the connect. A failure closes the listener, and the next SYN is refused.

import fs from 'node:fs';
import net from 'node:net';
import { preamble } from '../../src/protocol/preamble.ts';
import type { Address } from '../../src/protocol/schema.ts';
import { localPort } from './connect.ts';
import { allowIPv4, type Network, type Taken } from './network.ts';
import { AF_INET, encodeAddress } from './sockaddr.ts';

const SOCK_STREAM = 1;

/** The kernel's longest pause between two SYNs is shorter (tcp_retries, 64 s); who is not back by then is gone. */
const lastSynMs = 70_000;

/** Returns when the socket is connecting; its caller's call is EINPROGRESS. */
export function connectSlowly(network: Network, socket: Taken, to: Address): void {
  const { addon } = network;
  const listener = addon.socket(AF_INET, SOCK_STREAM);
  addon.bind(listener, encodeAddress(AF_INET, { host: '127.0.0.1', port: 0 }));
  addon.dropAll(listener, true);
  addon.listen(listener, 1);
  const port = localPort(network, { fd: listener });
  allowIPv4(network, socket);
  try {
    addon.connect(socket.fd, encodeAddress(socket.family, { host: '127.0.0.1', port }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINPROGRESS') {
      fs.closeSync(listener);
      throw error;
    }
  }
  network.slowPorts.add(port);
  network.connecting.add(socket.inode);
  void goOn(network, listener, localPort(network, socket), to).finally(() => {
    network.connecting.delete(socket.inode);
    fs.closeSync(listener);
  });
}

/** Connects the pod, then the program. Never rejects: how it ended is seen by the program. */
async function goOn(network: Network, listener: number, port: number, to: Address): Promise<void> {
  const { addon, session, ends } = network;
  const { call, reply } = session.calls.expect('connectTcp');
  const stream = net.connect({ host: '127.0.0.1', port: session.settings.tcpPort, allowHalfOpen: true, noDelay: true });
  stream.on('error', () => stream.destroy());
  stream.write(preamble(session, call, 'connectTcp', { to }));
  try {
    ends.set(port, await reply);
    addon.dropAll(listener, false);
    await readable(network, listener);
    join(stream, addon.accept(listener, 0));
  } catch {
    stream.destroy();
  }
}

function readable({ addon }: Network, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      addon.stopPoll(poll);
      reject(new Error('the program has given up'));
    }, lastSynMs);
    const poll = addon.startPoll(fd, 1, () => {
      clearTimeout(timer);
      addon.stopPoll(poll);
      resolve();
    });
  });
}

/** Both directions, with their ends and resets. */
function join(stream: net.Socket, accepted: number): void {
  const program = new net.Socket({ fd: accepted, allowHalfOpen: true });
  program.setNoDelay(true);
  stream.removeAllListeners('error');
  stream.on('error', () => program.resetAndDestroy());
  program.on('error', () => stream.resetAndDestroy());
  stream.pipe(program).pipe(stream);
}
