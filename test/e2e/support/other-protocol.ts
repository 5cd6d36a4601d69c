// A mirrord that speaks the next protocol: to it, the cluster's agent is an old one.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { root } from './cluster.ts';

/** @returns the path of its command line */
export function nextProtocolCli(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mirrord-e2e-'));
  after(() => fs.rmSync(folder, { recursive: true }));
  fs.cpSync(path.join(root, 'dist'), folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  let changed = 0;
  for (const name of fs.readdirSync(folder).filter((file) => file.endsWith('.js'))) {
    const text = fs.readFileSync(path.join(folder, name), 'utf8');
    const next = text.replace(
      /(protocolVersion = \{ major: )(\d+)/,
      (_, start, major) => `${start}${Number(major) + 1}`,
    );
    if (next === text) continue;
    fs.writeFileSync(path.join(folder, name), next);
    changed++;
  }
  if (changed !== 1) throw new Error(`${changed} files have the protocol's version`);
  return path.join(folder, 'cli.js');
}
