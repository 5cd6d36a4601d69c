// A session with a program of its own: what the agent gives it is answered by an HTTP server of the test, as the
// proxy would bring it there.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Link } from '../../../src/protocol/link.ts';
import type { RequestOf } from '../../../src/protocol/schema.ts';
import { splice } from '../../../src/protocol/splice.ts';
import type { Agent } from './agent.ts';

export interface Thief {
  readonly link: Link;
  readonly server: Server;
  /** What the program got: `METHOD path body`. */
  readonly got: string[];
  /** The connections that came. */
  readonly incoming: RequestOf<'incoming'>[];
  /** What the developer was told. */
  readonly told: string[];
  stop(): void;
}

export async function startThief(agent: Agent, name = 'thief'): Promise<Thief> {
  const { link, socket } = await agent.session();
  const got: string[] = [];
  const incoming: RequestOf<'incoming'>[] = [];
  const told: string[] = [];
  const server = createServer(async (request, response) => {
    const body = (await request.toArray()).join('');
    got.push(`${request.method} ${request.url} ${body}`.trim());
    response.setHeader('X-Who', name);
    const { method, url, rawHeaders } = request;
    response.end(JSON.stringify({ who: name, method, url, rawHeaders, body }));
  });
  server.on('upgrade', (_request, client, head) => {
    client.on('error', () => {});
    client.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n${name}:`);
    client.write(head);
    client.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  link.serve({
    incoming: async (request, channel) => {
      incoming.push(request);
      const program = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
      await once(program, 'connect');
      splice(program, channel);
      return {};
    },
    tell: ({ text }) => {
      told.push(text);
      return {};
    },
  });
  return {
    link,
    server,
    got,
    incoming,
    told,
    stop() {
      socket.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}
