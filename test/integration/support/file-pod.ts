// A stand-in pod that has every kind of file and all lines of Node, and programs run in it and here.

import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { nodeLines, nodeProgram } from '../../e2e/support/nodes.ts';
import { startAgent } from './agent.ts';
import { makeFiles } from './files.ts';
import { type PodOptions, startPod } from './pod.ts';

const run = promisify(execFile);
const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

type Line = (typeof nodeLines)[number];

export interface FilePod {
  /** What the pod has as /data/files, seen from here. */
  readonly folder: string;
  /** Runs a program of test/apps with the pod's Node of this line. @returns stdout */
  inPod(line: Line, program: string, ...args: string[]): Promise<string>;
  /** Runs it here through mirrord, with flags of `mirrord exec` before `--`. @returns stdout */
  here(line: Line, flags: readonly string[], program: string, ...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

export const filesInPod = '/data/files';

const app = (name: string): string => fileURLToPath(new URL(`../../apps/${name}`, import.meta.url));

export async function startFilePod(options: Omit<PodOptions, 'nodes'> = {}): Promise<FilePod> {
  const nodes = Object.fromEntries(nodeLines.map((line) => [line, nodeProgram(line)]));
  const pod = await startPod({ ...options, nodes });
  const folder = `/proc/${pod.pid}/root${filesInPod}`;
  makeFiles(folder, filesInPod);
  const [uid, gid] = (options.user ?? '0:0').split(':');
  execFileSync('chown', ['--recursive', '--no-dereference', `${uid}:${gid}`, folder]);
  const agent = await startAgent({ MIRRORD_AGENT_TARGET_PID: String(pod.pid) });
  // An agent ends with its last session: this one lasts for all programs.
  const { link } = await agent.session();
  const enter = [
    '-t',
    String(pod.pid),
    '--net',
    '--mount',
    '--pid',
    '--root',
    '--wd',
    ...(options.user ? as(options.user) : []),
  ];
  return {
    folder,
    inPod: (line, program, ...args) =>
      output(app(program), 'nsenter', ...enter, `/nodes/${line}/node`, '--input-type=module', '-', ...args),
    here: async (line, flags, program, ...args) => {
      const command = [cli, 'exec', '-t', 'pod/shop-0', ...flags, '--', nodeProgram(line), app(program), ...args];
      const env = { ...process.env, MIRRORD_CONNECT_TCP: `127.0.0.1:${agent.port}` };
      return (await run(process.execPath, command, { env, maxBuffer })).stdout;
    },
    stop: async () => {
      link.close();
      await agent.stop();
      await pod.stop();
    },
  };
}

const maxBuffer = 64 * 1024 * 1024;

/** The pod has none of our files: a program comes by stdin. */
async function output(program: string, command: string, ...args: string[]): Promise<string> {
  const running = run(command, args, { maxBuffer });
  running.child.stdin?.end(fs.readFileSync(program));
  return (await running).stdout;
}

function as(user: string): string[] {
  const [uid, gid] = user.split(':');
  return ['--setuid', `${uid}`, '--setgid', `${gid}`];
}
