// The lines of Node that we support, as programs: from npm's package `node`, in the cache outside the repository.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const nodeLines = ['20', '22', '24', '26'] as const;
export type NodeLine = (typeof nodeLines)[number];

const versions: Readonly<Record<NodeLine, string>> = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };

const cache =
  process.env.MIRRORD_CACHE_DIR ??
  path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'mirrord-for-node');

/** The program of a line; installed when it is asked for the first time. */
export function nodeProgram(line: NodeLine): string {
  const version = versions[line];
  const folder = path.join(cache, 'nodes', version);
  if (!fs.existsSync(folder)) install(version, folder);
  return path.join(folder, 'node_modules/node/bin/node');
}

function install(version: string, folder: string): void {
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  // Renamed when it is whole: an interrupted installation never counts.
  const part = fs.mkdtempSync(`${folder}.part`);
  fs.writeFileSync(path.join(part, 'package.json'), '{ "private": true }');
  const args = ['install', '--no-save', '--no-audit', '--no-fund', `node@${version}`];
  execFileSync('npm', args, { cwd: part, stdio: ['ignore', 'ignore', 'inherit'] });
  fs.renameSync(part, folder);
}
