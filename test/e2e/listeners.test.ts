// Ports of the program as programs have them: several, those of a cluster's workers, of the pod's own address.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { noAgentLeft, type Pod, podOf } from './support/cluster.ts';
import { app, exec, type Running } from './support/mirrord.ts';
import { ask, untilAnsweredBy, whoAnswers } from './support/requests.ts';

let pod: Pod;
let client: Pod;
let url: string;
before(async () => {
  [pod, client] = [await podOf('shop'), await podOf('prices')];
  url = `http://${pod.ip}:8080/`;
});
after(() => noAgentLeft());

const start = (...program: readonly string[]) => exec(['--steal', '-t', `pod/${pod.name}`, '--', ...program]);

async function end(program: Running): Promise<void> {
  program.kill('SIGTERM');
  await program.ended;
  await untilAnsweredBy('pod', url);
}

interface Seen {
  readonly worker: number;
  readonly client: string;
  readonly server: string;
}

for (const policy of ['rr', 'none']) {
  test(`the workers of a cluster share a port (scheduling: ${policy}), and see the true clients`, async () => {
    const env = { NODE_CLUSTER_SCHED_POLICY: policy };
    const program = exec(['--steal', '-t', `pod/${pod.name}`, '--', 'node', app('probe/cluster.mjs')], { env });
    await program.says(/^listening$/m);
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask(url)));
    const seen = answers.map(({ body = '' }) => JSON.parse(body) as Seen);
    const plain = (address: string) => address.replace('::ffff:', '');
    assert.deepEqual([...new Set(seen.map((one) => plain(one.client)))], [client.ip]);
    assert.deepEqual([...new Set(seen.map((one) => plain(one.server)))], [pod.ip]);
    if (policy === 'rr') assert.equal(new Set(seen.map(({ worker }) => worker)).size, 3);
    await end(program);
  });
}

test('several servers, each with its port, come and go on their own', async () => {
  const program = start(
    'node',
    '-e',
    `
    const http = require('node:http');
    const serve = (port) => http.createServer((_, response) => response.end(JSON.stringify({ from: 'this machine' }))).listen(port);
    const [first, second] = [serve(8080), serve(8181)];
    second.on('listening', () => console.log('listening'));
    process.stdin.on('data', () => second.close(() => console.log('closed')));
  `,
  );
  await program.says(/^listening$/m);
  const other = url.replace('8080', '8181');
  assert.deepEqual([await whoAnswers(url), await whoAnswers(other)], ['this machine', 'this machine']);
  program.type('close\n');
  await program.says(/^closed$/m);
  await untilAnsweredBy('ECONNREFUSED', other);
  assert.equal(await whoAnswers(url), 'this machine');
  await end(program);
});

test('a server that closes finishes what it has accepted', async () => {
  const program = start(
    'node',
    '-e',
    `
    const server = require('node:http').createServer((_, response) => {
      console.log('asked');
      process.stdin.once('data', () => {
        server.close(() => {
          console.log('closed');
          process.exit(); // an open stdin would keep it
        });
        setTimeout(() => response.end(JSON.stringify({ from: 'this machine' })), 500);
      });
    }).listen(8080, () => console.log('listening'));
  `,
  );
  await program.says(/^listening$/m);
  const answer = whoAnswers(url);
  await program.says(/^asked$/m);
  program.type('close\n');
  await untilAnsweredBy('pod', url);
  assert.equal(await answer, 'this machine');
  await program.says(/^closed$/m);
  await end(program);
});

test("a server of the pod's own address, which this machine has not", async () => {
  const program = start(
    'node',
    '-e',
    `
    const server = require('node:http').createServer((_, response) => response.end(JSON.stringify({ from: 'this machine' })));
    server.listen(8080, '${pod.ip}', () => console.log('listening on ' + server.address().address));
  `,
  );
  const [, address] = await program.says(/^listening on (\S+)$/m);
  assert.equal(address, pod.ip);
  assert.equal(await whoAnswers(url), 'this machine');
  await end(program);
});

test('port 0 stays on this machine', async () => {
  const program = start(
    'node',
    '-e',
    `
    const server = require('node:http').createServer().listen(0, () => console.log('port ' + server.address().port));
  `,
  );
  const [, port = ''] = await program.says(/^port (\d+)$/m);
  assert.equal(await whoAnswers(url.replace('8080', port)), 'ECONNREFUSED');
  await end(program);
});
