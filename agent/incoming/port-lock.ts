// One agent for each stolen port of a network. Sessions of one pod share an agent, but a pod can have more
// than one (another image, other rights, another container), and their redirects would not know each other.
// An abstract unix socket in the target's network is the lock: the kernel takes it away with its process,
// however that ends, and it answers whoever connects with who holds the port.

import { connect, createServer, type Server } from 'node:net';
import { RemoteError } from '../../src/protocol/failure.ts';

const nameOf = (port: number): string => `\0mirrord-steal-${port}`;

/** Whoever has the name and does not answer is none of ours. */
const answerTimeoutMs = 1_000;
/** A line for a terminal. */
const maxAnswerLength = 300;

export class PortLock {
  #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * @param holder says who has the port, to somebody who wants it
   * @throws RemoteError `EADDRINUSE` when another agent has the port, naming its holder
   */
  static async take(port: number, holder: () => string): Promise<PortLock> {
    const server = createServer((socket) => {
      socket.on('error', () => {}); // who does not stay for the answer
      socket.end(holder());
    });
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(nameOf(port), resolve);
      });
      return new PortLock(server);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      throw new RemoteError(
        'EADDRINUSE',
        `Port ${port} is already taken by another session (${await askHolder(port)}), with an agent of its own.`,
      );
    }
  }

  /** May be called twice. */
  release(): void {
    this.#server.close();
  }
}

/** Anybody in the target can have taken the name: what it answers is printed, so it is cut and made printable. */
function askHolder(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(nameOf(port)).setEncoding('utf8').setTimeout(answerTimeoutMs);
    let answer = '';
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.length > maxAnswerLength) socket.destroy();
    });
    socket.on('timeout', () => socket.destroy());
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => resolve(answer.slice(0, maxAnswerLength).replace(/[^\x20-\x7e]/g, ' ') || 'somebody'));
  });
}
