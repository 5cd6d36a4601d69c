// The sandbox pod: a throw-away pod from Linux namespaces on this machine, without root and without a cluster.
// sandbox.sh is its inside; this file starts it, finds its processes, and runs the agent and requests in it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { descendants } from './processes.ts';
import { checkTools, explainFailure, toolEnvironment } from './refusal.ts';
import { type SandboxAgent, startAgent } from './sandbox-agent.ts';

const demoFolder = dirname(fileURLToPath(import.meta.url));
const startLimitMs = 15_000;

export interface Sandbox {
  /** The pod's first process (the shop), numbered as this machine does. */
  readonly targetPid: number;
  readonly podIp: string;
  /** Runs a program where the other services of the pod's cluster are, and gives its stdout. */
  exec(argv: readonly [string, ...string[]]): Promise<string>;
  /** Starts the agent of dist/ for the pod; it ends with the sandbox. */
  startAgent(port?: number): Promise<SandboxAgent>;
  /** Ends everything; may be called twice. The death of this process, in whatever way, does the same. */
  stop(): Promise<void>;
}

/** @throws MirrordError `SESSION_FAILED` when this machine cannot make one, with what to do */
export async function startSandbox(): Promise<Sandbox> {
  checkTools();
  const root = startNamespaces();
  const stop = () => end(root);
  try {
    await servicesReady(root);
    const places = findPlaces(root);
    return {
      targetPid: places.shop.host,
      podIp: '10.244.77.2',
      exec: (argv) => run([...enter(places), 'nsenter', '--target', `${places.cluster}`, '--net', '--', ...argv]),
      startAgent: (port) => startAgent(enter(places), places.shop.sandbox, port),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The processes that one enters by. */
interface Places {
  /** Pid 1 of the sandbox, numbered as this machine does. */
  readonly outside: number;
  /** A process in the network of the other services, numbered as the sandbox does. */
  readonly cluster: number;
  readonly shop: { readonly host: number; readonly sandbox: number };
}

// Its own session (detached): a Ctrl-C in the terminal is for the demo, which ends the sandbox in its own order.
function startNamespaces(): ChildProcess {
  const namespaces = ['--user', '--map-root-user', '--mount', '--pid', '--fork', '--kill-child'];
  const script = [join(demoFolder, 'sandbox.sh'), 'outside', demoFolder, realpathSync(process.execPath)];
  return spawn('unshare', [...namespaces, 'sh', ...script], {
    detached: true,
    env: toolEnvironment,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Waits until both services have said that they listen. */
function servicesReady(root: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (reason: string) => reject(explainFailure(`${output}\n${reason}`));
    const timer = setTimeout(() => fail(`not ready after ${startLimitMs / 1000} seconds`), startLimitMs);
    const heard = (chunk: string) => {
      output += chunk;
      if (output.includes('sandbox failed')) fail('');
      if (!output.includes('shop is ready') || !output.includes('prices is ready')) return;
      clearTimeout(timer);
      resolve();
    };
    root.stdout?.setEncoding('utf8').on('data', heard);
    root.stderr?.setEncoding('utf8').on('data', heard);
    root.on('error', (error) => fail(error.message)).on('close', () => fail(''));
  });
}

/** The shop is the one process that is pid 1 two namespaces further in; its starter's parent holds the network. */
function findPlaces(root: ChildProcess): Places {
  const processes = descendants(root.pid ?? 0);
  const outside = processes[0];
  const shop = processes.find(({ numbers }) => numbers.length > 2 && numbers.at(-1) === 1);
  const starter = processes.find(({ pid }) => pid === shop?.parent);
  const cluster = processes.find(({ pid }) => pid === starter?.parent)?.numbers.at(-1);
  const inSandbox = shop?.numbers.at(-2);
  if (outside === undefined || shop === undefined || cluster === undefined || inSandbox === undefined) {
    throw explainFailure('its processes are not to be found in /proc');
  }
  return { outside: outside.pid, cluster, shop: { host: shop.pid, sandbox: inSandbox } };
}

/** Into the sandbox's user, process and mount namespaces, but with this machine's own network and files. */
const enter = (places: Places): [string, ...string[]] => [
  'nsenter',
  ...['--target', `${places.outside}`],
  ...['--user', '--preserve-credentials', '--pid', '--mount', '--'],
];

// Its own session again: nsenter is to outlive a Ctrl-C until it has seen its child's end, else that one keeps
// the sandbox from ending until the machine's init looks after it (seen: 2 seconds).
async function run([program, ...args]: [string, ...string[]]): Promise<string> {
  const child = spawn(program, args, { detached: true, env: toolEnvironment, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await ended;
  if (child.exitCode !== 0) throw new Error(`${args.join(' ')}: ${errors.trim() || child.signalCode}`);
  return output;
}

/** Pid 1 of the sandbox ends at the end of its stdin; --kill-child is for the case that it does not. */
async function end(root: ChildProcess): Promise<void> {
  if (root.pid === undefined || root.exitCode !== null || root.signalCode !== null) return;
  const ended = once(root, 'exit');
  root.stdin?.end();
  const killer = setTimeout(() => root.kill('SIGKILL'), 2000);
  await ended;
  clearTimeout(killer);
}
