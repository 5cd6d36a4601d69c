// The lines of Node that we support, as programs: from npm's package `node`, in the cache outside the repository.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { cached } from './cache.ts';

export const nodeLines = ['20', '22', '24', '26'] as const;
export type NodeLine = (typeof nodeLines)[number];

const versions: Readonly<Record<NodeLine, string>> = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };

/** The program of a line; installed when it is asked for the first time. */
export function nodeProgram(line: NodeLine): string {
  const version = versions[line];
  const folder = cached(`nodes/${version}`, (part) => {
    fs.writeFileSync(path.join(part, 'package.json'), '{ "private": true }');
    const args = ['install', '--no-save', '--no-audit', '--no-fund', `node@${version}`];
    execFileSync('npm', args, { cwd: part, stdio: ['ignore', 'ignore', 'inherit'] });
  });
  return path.join(folder, 'node_modules/node/bin/node');
}
