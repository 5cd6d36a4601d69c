// The redirect: a listener in the target's network and the kernel's rules that bring connections to it, and
// those that let it pass them on. Hands on each connection with the addresses that both sides believe in.

import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { Address } from '../../src/protocol/schema.ts';
import type { Addon } from '../addon.ts';
import { log, reasonOf } from '../log.ts';
import { RedirectTable } from './nftables.ts';
import { Original } from './original.ts';
import { Routes } from './routes.ts';

export interface Redirected {
  /** Paused; its owner ends it. */
  readonly socket: Socket;
  readonly client: Address;
  /** Where the client wanted to go. */
  readonly server: Address;
}

export class Redirect {
  readonly table: RedirectTable;
  readonly original: Original;
  #server: Server;
  #routes: Routes;

  private constructor(addon: Addon, server: Server, table: RedirectTable, routes: Routes) {
    this.#server = server;
    this.#routes = routes;
    this.table = table;
    this.original = new Original(addon, routes);
  }

  /** @param accept gets every redirected connection until `close` */
  static async open(addon: Addon, accept: (connection: Redirected) => void): Promise<Redirect> {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true, keepAlive: true });
    server.on('connection', (socket) => {
      const connection = identify(addon, socket);
      if (connection === undefined) socket.resetAndDestroy();
      else accept(connection);
    });
    const port = await listen(server);
    const id = randomBytes(4);
    let table: RedirectTable | undefined;
    try {
      table = RedirectTable.create(addon, `mirrord-${id.toString('hex')}`, port);
      const refused = (version: number, reason: string) => log('pod sees the agent as client', { version, reason });
      return new Redirect(addon, server, table, Routes.open(addon, id.readUInt32BE(), refused));
    } catch (error) {
      table?.close();
      server.close();
      throw error;
    }
  }

  /** Removes the listener and the rules. May be called twice. */
  close(): void {
    // In this order: connections that nobody has accepted yet are reset now, and the rules make these
    // resets come from the address that the client knows.
    this.#server.close();
    this.#routes.close();
    this.table.close();
  }
}

/** On both IP versions where the target has both. @returns the port */
async function listen(server: Server): Promise<number> {
  try {
    await listenOn(server, '::');
  } catch {
    await listenOn(server, '0.0.0.0');
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has an address');
  return address.port;
}

function listenOn(server: Server, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: 0, backlog: 511 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Undefined for a client that is gone already, and for one that came past the rules. */
function identify(addon: Addon, socket: Socket): Redirected | undefined {
  socket.on('error', () => {}); // 'close' follows, and says it
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  try {
    const server = addon.originalDestination(descriptorOf(socket));
    return { socket, server, client: { host: withoutMapping(remoteAddress), port: remotePort } };
  } catch (error) {
    log('connection without a destination', { reason: reasonOf(error) });
    return undefined;
  }
}

/** Node does not publish the descriptor of a socket; its handle has had it under this name since Node 0.10. */
export function descriptorOf(socket: Socket): number {
  const { _handle } = socket as Socket & { readonly _handle?: { readonly fd: number } | null };
  return _handle?.fd ?? -1;
}

/** An IPv4 peer of a dual-stack listener is shown as ::ffff:a.b.c.d. */
function withoutMapping(host: string): string {
  return host.startsWith('::ffff:') ? host.slice('::ffff:'.length) : host;
}
