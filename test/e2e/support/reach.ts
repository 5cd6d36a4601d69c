// Whom a program reaches through mirrord: test/apps/probe/reach.mjs, and a server of this machine to be reached.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { app, exec, type Options } from './mirrord.ts';

export interface Reach extends Options {
  readonly target?: string;
  /** The `feature.network` of the session's configuration. */
  readonly network?: object;
  /** What this machine's /etc/hosts is for the program. */
  readonly hosts?: string;
}

/** @returns by place, who answered there, or the code of an error */
export async function reach(places: readonly string[], options: Reach = {}): Promise<Record<string, string>> {
  const { target = 'deployment/shop', network = {}, node = process.execPath, hosts, ...others } = options;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mirrord-e2e-'));
  try {
    const config = path.join(folder, 'mirrord.json');
    fs.writeFileSync(config, JSON.stringify({ feature: { network } }));
    const hostsFile = path.join(folder, 'hosts');
    if (hosts !== undefined) fs.writeFileSync(hostsFile, hosts);
    const withHosts = ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hostsFile];
    const command = [...(hosts === undefined ? [] : withHosts), node, app('probe/reach.mjs'), ...places];
    const program = exec(['-t', target, '-f', config, '--', ...command], others);
    const { stdout, stderr } = await program.ended;
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout) as Record<string, string>;
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** Answers `this machine` on a loopback port, TCP and UDP, until the tests end. @returns the port */
export async function serveHere(): Promise<number> {
  const tcp = net.createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.end('this machine\n'));
  });
  await once(tcp.listen(0, '127.0.0.1'), 'listening');
  const { port } = tcp.address() as net.AddressInfo;
  const udp = dgram.createSocket('udp4');
  udp.on('message', (_, from) => udp.send('this machine', from.port, from.address));
  await once(udp.bind(port, '127.0.0.1'), 'listening');
  after(() => {
    tcp.close();
    udp.close();
  });
  return port;
}
