// The built agent as a plain process of this machine, and proxies that speak to it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ownHello } from '../../../src/protocol/hello.ts';
import { Link } from '../../../src/protocol/link.ts';

const bundle = fileURLToPath(new URL('../../../dist/agent/agent.cjs', import.meta.url));

export interface Agent {
  readonly process: ChildProcess;
  readonly port: number;
  /** The lines of its log so far. */
  readonly log: readonly string[];
  /** A new session. The caller closes the link, or cuts the socket. */
  session(): Promise<{ readonly link: Link; readonly socket: Socket }>;
  stop(): Promise<void>;
}

export async function startAgent(target: NodeJS.ProcessEnv): Promise<Agent> {
  const child = spawn(process.execPath, [bundle], {
    env: { PATH: process.env.PATH, MIRRORD_AGENT_PORT: '0', ...target },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const log: string[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the agent ended: ${log.join('\n')}`)));
    createInterface(child.stderr).on('line', (line) => {
      log.push(line);
      if (process.env.SHOW) console.log(line);
      if (!line.startsWith('{')) return;
      const { event, port } = JSON.parse(line) as { event: string; port?: number };
      if (event === 'listening' && port !== undefined) resolve(port);
    });
  });
  return {
    process: child,
    port,
    log,
    session: async () => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true });
      socket.on('error', () => {});
      const link = await Link.connect(socket, ownHello('proxy'), 5000);
      link.serve({});
      return { link, socket };
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
