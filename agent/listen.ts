// The way in: a TCP port on the loopback of the agent's own network, where only a port-forward comes.

import { createServer, type Server, type Socket } from 'node:net';
import { log } from './log.ts';

export function listen(port: number, accept: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true }, accept);
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      log('listening', { port: typeof address === 'object' ? address?.port : undefined });
      resolve(server);
    });
  });
}
