// The whole way, on each line of Node: one session in which a program looks at everything that the pod has,
// and the next answers the pod's requests.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { kubectl, namespace, noAgentLeft, type Pod, podOf } from './support/cluster.ts';
import { app, exec, type Running } from './support/mirrord.ts';
import { nodeLines, nodeProgram } from './support/nodes.ts';
import { ask, untilAnsweredBy, whoAnswers } from './support/requests.ts';
import { parseSeen, type Seen } from './support/see.ts';

const greeting = 'hello from the pod\n';
const appJson = '{"greeting": "hello from the pod"}\n';
const bigBytes = Uint8Array.from({ length: 5e6 }, (_, at) => (at * 7) & 0xff);
const bigFile = createHash('sha256').update(bigBytes).digest('hex');
const notThere = (syscall: string, path: string) => ({
  code: 'ENOENT',
  errno: -2,
  syscall,
  path,
  message: `ENOENT: no such file or directory, ${syscall} '${path}'`,
});

for (const line of nodeLines) {
  describe(`Node ${line}`, () => {
    let pod: Pod;
    let program: Running;
    let seen: Seen;

    before(async () => {
      pod = await podOf('shop');
      const node = nodeProgram(line);
      const both = ['sh', '-c', `"$0" see.mjs ${namespace} && exec "$0" serve.mjs`, node];
      program = exec(['--steal', '-t', `pod/${pod.name}`, '--', ...both], { node, cwd: app('probe') });
      await program.says(/^listening$/m);
      seen = parseSeen(program.printed.stdout);
    });

    const sees = (name: string, expected: unknown) => assert.deepEqual(seen[name], expected, name);

    test("the environment is the pod's, its Secret included", () => {
      sees('SHOP_REGION', 'pod-land');
      sees('SHOP_SECRET', 'only-the-pod-knows');
    });

    test('a file of the pod is read in every form', () => {
      sees('readFileSync text', appJson);
      sees('readFileSync bytes', appJson);
      for (const form of ['callback', 'promise', 'by URL', 'by Buffer']) sees(`readFile ${form}`, greeting);
      sees('account', namespace);
      sees('token', 3);
    });

    test('5 MB arrive intact, whole and in parts', () => {
      for (const form of ['big file', 'big file callback', 'big file promise', 'big file as text', 'stream']) {
        sees(form, bigFile);
      }
      sees('positions of a big file', [
        [
          [4, '00070e15'],
          [4, '070e151c'],
          [2, 'b2b9151c'],
          [0, 'b2b9151c'],
        ],
        [4, '00070e15', 4, '1c232a31'],
      ]);
    });

    test("folders, links and what they point to are the pod's", () => {
      sees('readdir /data', ['big.bin', 'dir', 'link', 'note.txt']);
      sees('readdir promise /data', ['big.bin', 'dir', 'link', 'note.txt']);
      sees('readdir recursive /data', [
        'big.bin',
        'dir',
        'dir/a.txt',
        'dir/b.txt',
        'dir/sub',
        'dir/sub/c.txt',
        'link',
        'note.txt',
      ]);
      sees('readdir typed /data', [
        ['/data', 'big.bin', true, false, false],
        ['/data', 'dir', false, true, false],
        ['/data', 'link', false, false, true],
        ['/data', 'note.txt', true, false, false],
      ]);
      sees('readlink /data/link', '/data/note.txt');
      sees('realpath /data/link', ['/data/note.txt']);
      sees('realpath promise /data/link', '/data/note.txt');
      sees('exists /data/link', [true, false]);
      sees('exists /data/nothing', [false, true]);
    });

    test("errors have the code, errno, syscall, path and text of Node's own", () => {
      sees('readFile of nothing', notThere('open', '/config/nothing'));
      sees('readFile callback of nothing', notThere('open', '/config/nothing'));
      sees('readFile promise of nothing', notThere('open', '/config/nothing'));
      sees('stat /data/nothing', notThere('stat', '/data/nothing'));
      sees('lstat /data/nothing', notThere('lstat', '/data/nothing'));
      sees('access /data/nothing', notThere('access', '/data/nothing'));
      sees('readdir /data/nothing', notThere('scandir', '/data/nothing'));
      sees('readlink /data/nothing', notThere('readlink', '/data/nothing'));
      assert.equal((seen['readFile of a folder'] as { code: string }).code, 'EISDIR');
    });

    test("names are the cluster's, and a service answers over http, fetch and net", async () => {
      const service = (await kubectl('get', 'service', 'prices', '-o', 'jsonpath={.spec.clusterIP}')).trim();
      sees('lookup', { address: service, family: 4 });
      sees('fetch', { apples: 3, from: 'prices' });
      sees('http', [200, '{"apples":3,"from":"prices"}\n']);
      sees('net peer', ['IPv4', 80, 'IPv4']);
      sees('https', [200, 'application/json']);
    });

    test("the pod's own loopback answers, and a closed port of it refuses as in the pod", () => {
      sees('http to the loopback', [200, 'loopback of the pod\n']);
      sees('net refused on the loopback', {
        code: 'ECONNREFUSED',
        errno: -111,
        syscall: 'connect',
        address: '127.0.0.1',
        port: 7071,
        message: 'connect ECONNREFUSED 127.0.0.1:7071',
      });
    });

    test("a request to the pod's port is answered here, with its true client and server", async () => {
      const { status, body = '' } = await ask(`http://${pod.ip}:8080/hello?a=1`);
      const client = await podOf('prices');
      const answer = JSON.parse(body) as Record<string, unknown>;
      assert.equal(status, 200);
      assert.equal(answer.from, 'this machine');
      assert.equal(answer.path, '/hello?a=1');
      assert.equal(answer.client, `::ffff:${client.ip}`);
      assert.equal(answer.server, `::ffff:${pod.ip}:8080`);
    });

    test("the pod's other ports stay with the pod", async () => {
      assert.equal((await ask(`http://${pod.ip}:9090/`)).body, 'admin from pod\n');
    });

    test('the pod answers again when the program closes its port, and not when it listens again', async (t) => {
      program.type('close\n');
      await program.says(/^closed$/m);
      t.diagnostic(`given back ${await untilAnsweredBy('pod', `http://${pod.ip}:8080/`)} ms after the close`);
      program.type('listen\n');
      await program.says(/^closed\nlistening$/m);
      assert.equal(await whoAnswers(`http://${pod.ip}:8080/`), 'this machine');
    });

    test("the exit code is the program's, and the pod answers again", async (t) => {
      program.type('exit\n');
      const ending = program.ended;
      t.diagnostic(`given back ${await untilAnsweredBy('pod', `http://${pod.ip}:8080/`)} ms after the exit`);
      assert.equal((await ending).code, 5);
      await noAgentLeft();
    });

    test("stdout is the programs' alone", async () => {
      const { stdout } = await program.ended;
      const lines = stdout
        .replace(/ of \S+$/gm, '')
        .split('\n')
        .slice(1);
      const served = ['listening', 'request GET /hello?a=1', 'closed', 'listening', 'request GET /', 'exiting', ''];
      assert.deepEqual(lines, served);
    });
  });
}
