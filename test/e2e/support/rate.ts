// A client in the cluster that asks the same again and again, and counts who answers.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { developerEnv, namespace, root } from './cluster.ts';

export interface Rate {
  /** Waits for the answers that are on their way. @returns how often who answered, or which error came */
  stop(): Promise<Readonly<Record<string, number>>>;
}

/** Asks from a pod of the app `prices`; with `keepAlive` on connections that stay. */
export function askAtRate(url: string, settings: { readonly everyMs: number; readonly keepAlive: boolean }): Rate {
  const program = fs.readFileSync(path.join(root, 'test/apps/client/rate.cjs'), 'utf8');
  const args = ['-n', namespace, 'exec', '-i', 'deployment/prices', '--', 'node', '-e', program];
  const child = spawn('kubectl', args, { env: developerEnv, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.write(`${JSON.stringify({ url, ...settings })}\n`);
  return {
    async stop() {
      child.stdin.write('{}\n');
      const [answers] = await once(createInterface(child.stdout), 'line');
      child.stdin.end();
      await once(child, 'exit');
      return JSON.parse(String(answers));
    },
  };
}
