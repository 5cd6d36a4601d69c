// The agent for the sandbox pod: the one of dist/, as a process in the sandbox that keeps this machine's network,
// so that a session reaches it on a port of 127.0.0.1.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MirrordError } from '../src/errors.ts';
import { descendants } from './processes.ts';
import { toolEnvironment } from './refusal.ts';

const agentProgram = fileURLToPath(new URL('../dist/agent/agent.cjs', import.meta.url));
const startLimitMs = 15_000;

export interface SandboxAgent {
  /** On this machine's 127.0.0.1: what a session joins with MIRRORD_CONNECT_TCP=127.0.0.1:PORT. */
  readonly port: number;
  /** The agent's process, numbered as this machine does. */
  readonly pid: number;
}

/**
 * @param enter the command that runs another one in the sandbox's process namespace, where the kernel ends the
 *   agent with the sandbox
 * @param target the pod's first process, numbered as the sandbox does
 * @throws MirrordError `AGENT_FAILED` with what the agent said
 */
export async function startAgent(
  [program, ...args]: readonly [string, ...string[]],
  target: number,
  wantedPort?: number,
): Promise<SandboxAgent> {
  const port = wantedPort ?? (await freePort());
  const child = spawn(program, [...args, process.execPath, agentProgram], {
    detached: true,
    env: {
      ...toolEnvironment,
      MIRRORD_AGENT_PORT: `${port}`,
      MIRRORD_AGENT_TARGET_PID: `${target}`,
      MIRRORD_AGENT_IDLE_S: '600',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  for (const start = Date.now(); !(await answers(port)); await sleep(25)) {
    if (child.exitCode !== null || Date.now() - start > startLimitMs) throw agentFailed(output);
  }
  return { port, pid: descendants(child.pid ?? 0)[0]?.pid ?? 0 };
}

const agentFailed = (output: string) =>
  new MirrordError('AGENT_FAILED', `The agent did not start in the sandbox: ${output.trim() || 'no output'}`, {
    help: 'Run "npm run build", then the demo again.',
  });

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
