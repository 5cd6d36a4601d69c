// Unix sockets of the pod: those that outgoing.unix_streams names.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { exec } from './support/mirrord.ts';
import { nodeLines, nodeProgram } from './support/nodes.ts';
import { clientsFolder, noServers, startServers } from './support/servers.ts';

const noEntry = (path: string) => ({
  code: 'ENOENT',
  syscall: 'connect',
  address: path,
  message: `connect ENOENT ${path}`,
});

describe("a unix socket of the pod's database", { skip: noServers }, () => {
  before(() => startServers('postgres'));

  async function look(node: string, env: NodeJS.ProcessEnv): Promise<Record<string, unknown>> {
    const program = exec(['-t', 'deployment/postgres', '--', node, 'unix.mjs'], { cwd: clientsFolder(), env });
    const { stdout, stderr } = await program.ended;
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  for (const line of nodeLines) {
    test(`is reached by its path, and by its abstract name, on Node ${line}`, async () => {
      const env = { MIRRORD_OUTGOING_REMOTE_UNIX_STREAMS: '^/tmp/\\.s\\.PGSQL;^@shop/' };
      const { abstractNothing, ...got } = await look(nodeProgram(line), env);
      assert.deepEqual(got, {
        path: ['N', null, null],
        abstract: ['N', null, null],
        nothing: noEntry('/tmp/.s.PGSQL.1'),
        query: [{ unix: true, length: 300_000 }],
      });
      assert.equal((abstractNothing as { code: string }).code, 'ECONNREFUSED');
    });
  }

  test('is not without the setting', async () => {
    const { path, query } = await look(process.execPath, {});
    assert.deepEqual(path, noEntry('/tmp/.s.PGSQL.5432'));
    assert.equal(query, 'ENOENT');
  });
});
