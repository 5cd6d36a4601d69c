// Real clients, unchanged, of real servers in the cluster: databases, a queue, TLS, HTTP/2, WebSocket and gRPC.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { exec } from './support/mirrord.ts';
import { nodeLines, nodeProgram } from './support/nodes.ts';
import { clientsFolder, noServers, startServers } from './support/servers.ts';

const expected = {
  pg: [[0, 2, 4, 6, 8, 10, 12, 14], 4_000_000, ['42703', 'column "nothing" does not exist']],
  mysql2: [[{ next: 42 }], ['ER_ACCESS_DENIED_ERROR', 1045]],
  ioredis: [[null, 1000], '1000', ['news', 'apples']],
  amqplib: [100, 'order 99'],
  fetch: [200, 'hello from nginx\n'],
  https: [['hello from nginx\n', 'TLSv1.3'], 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  undici: ['hello from nginx\n'],
  ws: ['hello', 1_000_000, 1000],
  grpc: [{ fruit: 'apple', price: 3 }, 50],
};

describe('real clients reach real servers by the names of their services', { skip: noServers }, () => {
  before(() => startServers('postgres', 'mariadb', 'redis', 'rabbitmq', 'nginx', 'calls'));

  for (const line of nodeLines) {
    test(`on Node ${line}`, async () => {
      const program = exec(['-t', 'deployment/shop', '--', nodeProgram(line), 'clients.mjs'], { cwd: clientsFolder() });
      const { stdout, stderr } = await program.ended;
      assert.notEqual(stdout, '', stderr);
      const got = JSON.parse(stdout) as Record<string, unknown>;
      for (const [name, value] of Object.entries(expected)) assert.deepEqual(got[name], value, name);
    });
  }
});
