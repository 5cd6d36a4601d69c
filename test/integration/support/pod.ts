// A stand-in for a pod: a process with its own network, processes, mounts and root folder on this machine,
// and a second network next to it for its clients. All of it is gone when the processes are.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const folder = dirname(fileURLToPath(import.meta.url));

export const podAddress = '10.77.0.2';
export const clientAddress = '10.77.0.1';
export const podAddressV6 = 'fd77::2';
export const clientAddressV6 = 'fd77::1';

/** What the pod's root holds besides the system's own programs. */
const files: Readonly<Record<string, string>> = {
  '/config/app.json': '{"shop":"remote"}\n',
  '/config/large.txt': '0123456789'.repeat(300_000),
  '/etc/hosts': `127.0.0.1 localhost\n::1 localhost\n${podAddress} shop-0\n10.77.0.9 Payments payments.internal # alias\n`,
  '/etc/resolv.conf':
    'search shop.svc.cluster.local svc.cluster.local\nnameserver 127.0.0.1\noptions ndots:5 timeout:1 attempts:2\n',
  '/etc/hostname': 'shop-0\n',
};
const links: Readonly<Record<string, string>> = {
  '/config/absolute': '/config/app.json',
  '/config/dangling': '/nowhere',
};

export interface Pod {
  /** Of the pod's first process, as this machine numbers it. */
  readonly pid: number;
  /** Runs a program in the pod's network, with this machine's files. */
  inPod(command: string, ...args: string[]): Promise<string>;
  /** Starts a program in the client's network, with this machine's files. */
  inClient(command: string, ...args: string[]): ChildProcess;
  /** The answer to a request from the client's network: a line, `<who> <port> <client address>`. */
  ask(port: number, host?: string): Promise<string>;
  /** Starts a client in the client's network that connects and stays. */
  connect(port: number): Client;
  stop(): Promise<void>;
}

export interface Client {
  send(text: string): void;
  /** What it says next: `connected`, a line that came, the code of an error, `closed`. */
  line(): Promise<string>;
}

export interface PodOptions {
  /** Programs of Node to have in the pod, as /nodes/NAME/node. */
  readonly nodes?: Readonly<Record<string, string>>;
  /** The user and group that the pod's process runs as; root, unless this says otherwise. */
  readonly user?: string;
}

/** Starts the pod with the program `pod-main.cjs` in it, which answers on 8080, 9090 and on its loopback. */
export async function startPod({ nodes = {}, user = '0:0' }: PodOptions = {}): Promise<Pod> {
  const root = await makeRoot();
  // Both end when their stdin does, so they never outlive a test that is killed.
  const client = spawn('unshare', ['--net', '--kill-child', '--fork', 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const pod = spawn(
    'unshare',
    ['--net', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', podScript, 'sh', root],
    {
      env: {
        SHOP_MODE: 'remote',
        PATH: process.env.PATH,
        NODE: process.execPath,
        NODES: listOf(nodes),
        POD_USER: user,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  try {
    const [pid, clientPid] = await Promise.all([childOf(pod), childOf(client)]);
    await joinNetworks(clientPid, pid);
    const inClient = ['-t', String(clientPid), '--net'];
    await once(createInterface(pod.stdout), 'line');
    return {
      pid,
      inPod: async (command, ...args) => (await run('nsenter', ['-t', String(pid), '--net', command, ...args])).stdout,
      inClient: (command, ...args) =>
        spawn('nsenter', [...inClient, command, ...args], { stdio: ['pipe', 'pipe', 'inherit'] }),
      ask: async (port, host) =>
        (await run('nsenter', [...inClient, ...clientCommand('ask', port, host)])).stdout.trim(),
      connect: (port) => startClient([...inClient, ...clientCommand('stay', port)]),
      stop: () => stop(pod, client, root),
    };
  } catch (error) {
    await stop(pod, client, root);
    throw error;
  }
}

/** The system's folders are bound in, so that node runs there; `exec` keeps the pid that the test knows. */
const podScript = `
  for folder in bin lib lib64 usr; do
    [ -e /$folder ] && mkdir -p "$1/$folder" && mount --bind /$folder "$1/$folder"
  done
  mkdir -p "$1/node" && mount --bind "$(dirname "$NODE")" "$1/node"
  for node in $NODES; do
    mkdir -p "$1/nodes/\${node%%:*}" && mount --bind "$(dirname "\${node#*:}")" "$1/nodes/\${node%%:*}"
  done
  mount -t proc proc "$1/proc"
  touch "$1/dev/null" && mount --bind /dev/null "$1/dev/null"
  echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start # as container runtimes do
  ip link set lo up
  until ip link set eth0 up 2>/dev/null; do sleep 0.05; done
  ip address add ${podAddress}/24 dev eth0
  ip address add ${podAddressV6}/64 dev eth0 nodad
  exec chroot --userspec="$POD_USER" "$1" /node/node /pod-main.cjs
`;

/** `NAME:PROGRAM` each, for the script. */
function listOf(nodes: Readonly<Record<string, string>>): string {
  return Object.entries(nodes)
    .map(([name, program]) => `${name}:${program}`)
    .join(' ');
}

async function makeRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'mirrord-pod-'));
  await chmod(root, 0o755); // the pod's user need not be its owner
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  for (const [path, target] of Object.entries(links)) await symlink(target, join(root, path));
  await Promise.all(['proc', 'dev', 'tmp'].map((name) => mkdir(join(root, name))));
  await writeFile(join(root, 'pod-main.cjs'), await readFile(join(folder, 'pod-main.cjs')));
  await run('mkfifo', [join(root, 'config/pipe')]);
  return root;
}

async function joinNetworks(clientPid: number, podPid: number): Promise<void> {
  const ends = [
    'name',
    'veth0',
    'netns',
    String(clientPid),
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'netns',
    String(podPid),
  ];
  await run('ip', ['link', 'add', ...ends]);
  const inClient = ['-t', String(clientPid), '--net', 'ip'];
  await run('nsenter', [...inClient, 'link', 'set', 'veth0', 'up']);
  await run('nsenter', [...inClient, 'address', 'add', `${clientAddress}/24`, 'dev', 'veth0']);
  await run('nsenter', [...inClient, 'address', 'add', `${clientAddressV6}/64`, 'dev', 'veth0', 'nodad']);
}

function startClient(command: string[]): Client {
  const client = spawn('nsenter', command, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(client.stdout)[Symbol.asyncIterator]();
  return {
    send: (text) => client.stdin.write(text),
    line: async () => (await lines.next()).value ?? 'ended',
  };
}

function clientCommand(mode: 'ask' | 'stay', port: number, host = podAddress): string[] {
  return [process.execPath, join(folder, 'client.cjs'), mode, host, String(port)];
}

/** `unshare --fork` is the parent of the process that is meant. */
async function childOf({ pid }: ChildProcess): Promise<number> {
  for (;;) {
    const child = Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ')[0]);
    if (child > 0) return child;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function stop(pod: ChildProcess, client: ChildProcess, root: string): Promise<void> {
  for (const process of [pod, client]) {
    if (process.exitCode !== null || process.signalCode !== null) continue;
    process.kill('SIGKILL');
    await once(process, 'exit');
  }
  await rm(root, { recursive: true, force: true });
}
