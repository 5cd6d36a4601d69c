// Real servers in the cluster, and their clients on this machine: test/cluster/servers.yaml, test/apps/clients.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { cached } from './cache.ts';
import { clusterOutput, kubectl, kubectlWith, ownNodes, root, shopImage } from './cluster.ts';

const apps = path.join(root, 'test/apps/clients');

/** On somebody's own cluster, the image that test/cluster/servers.sh makes has to be where its nodes find it. */
const { MIRRORD_TEST_SERVERS_IMAGE } = process.env;

/** Why there are no real servers, for a test's `skip`; false when there are. */
export const noServers = ownNodes || MIRRORD_TEST_SERVERS_IMAGE !== undefined ? false : 'no MIRRORD_TEST_SERVERS_IMAGE';

/**
 * Starts the servers where they are not running yet, and waits until they are ready.
 * @param names of their Deployments; the image is made and loaded once, which takes half a minute
 */
export async function startServers(...names: string[]): Promise<void> {
  const image = MIRRORD_TEST_SERVERS_IMAGE ?? clusterOutput('servers').trim();
  const manifest = fs.readFileSync(path.join(root, 'test/cluster/servers.yaml'), 'utf8');
  const documents = manifest
    .replaceAll('localhost/servers:test', image)
    .replaceAll('localhost/shop:test', shopImage)
    .split(/^---\n/m)
    .filter((document) => names.some((name) => document.includes(`metadata: {name: ${name}}`)));
  if (names.includes('calls')) documents.unshift(`${JSON.stringify(callsProgram())}\n`);
  await kubectlWith(documents.join('---\n'), 'apply', '--server-side', '--force-conflicts', '-f', '-');
  await Promise.all(names.map((name) => kubectl('rollout', 'status', `deployment/${name}`, '--timeout=120s')));
}

/** The clients with their packages. @returns the folder to run them in */
export function clientsFolder(): string {
  const key = createHash('sha256')
    .update(fs.readFileSync(path.join(apps, 'package-lock.json')))
    .digest('hex');
  const folder = cached(`clients-${key.slice(0, 12)}`, (part) => {
    for (const name of ['package.json', 'package-lock.json'])
      fs.copyFileSync(path.join(apps, name), path.join(part, name));
    execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: part, stdio: ['ignore', 'ignore', 'inherit'] });
  });
  for (const name of fs.readdirSync(apps).filter((file) => file.endsWith('.mjs'))) {
    fs.copyFileSync(path.join(apps, name), path.join(folder, name));
  }
  return folder;
}

/** The pod of `calls` has Node alone, so its program is one file. */
function callsProgram(): object {
  const { outputFiles } = buildSync({
    entryPoints: [path.join(clientsFolder(), 'server.mjs')],
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    write: false,
    logLevel: 'error',
  });
  const data = { 'server.cjs': outputFiles[0]?.text ?? '' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'calls' }, data };
}
