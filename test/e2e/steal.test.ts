// Stealing, seen from the cluster: a service's clients, the pod's other replica, and the end of a steal.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { firstPodOf, kubectl, nothingLeft, podsOf, request, until } from './support/cluster.ts';
import { apps, exec } from './support/mirrord.ts';

const serve = path.join(apps, 'probe/serve.mjs');

test('a deployment: one pod is taken, the terminal says so, and the service reaches both', async () => {
  const program = exec(['--steal', '-t', 'deployment/shop', '--', 'node', serve]);
  await program.says('listening');
  const answers = new Set<string>();
  for (let i = 0; i < 40 && answers.size < 2; i++) {
    answers.add((JSON.parse(await request('http://shop/')) as { from: string }).from);
  }
  assert.deepEqual([...answers].sort(), ['pod', 'this machine']);
  program.child.kill('SIGTERM');
  const { stderr } = await program.ended;
  assert.match(stderr, /This is 1 of 2 pods: it gets about 1\/2 of the requests/);
});

test('without --steal the pod keeps its requests, and the terminal says how to get them', async () => {
  const pod = await firstPodOf('shop');
  const program = exec(['-t', `pod/${pod.name}`, '--', 'node', serve]);
  await program.says('listening');
  assert.match(await request(`http://${pod.ip}:8080/`), /"from":"pod"/);
  program.child.kill('SIGTERM');
  assert.match((await program.ended).stderr, /Requests to the pod stay with the pod; --steal brings them here/);
});

test('server.close() gives the port back while the program goes on', async () => {
  const pod = await firstPodOf('shop');
  const program = exec(['--steal', '-t', `pod/${pod.name}`, '--', 'node', serve]);
  await program.says('listening');
  await until(`http://${pod.ip}:8080/`, 'this machine', 3_000);
  // The program is mirrord's child: its pid is not ours to know, so the signal goes the way a user's would.
  program.child.kill('SIGUSR2');
  await program.says('closed');
  const ms = await until(`http://${pod.ip}:8080/`, '"from":"pod"', 3_000);
  console.log(`the pod answered again within ${ms} ms`);
  assert.equal(program.child.exitCode, null, 'the program runs');
  program.child.kill('SIGTERM');
  await program.ended;
});

test('a port that another session has is refused, and the program is told as by a busy port', async () => {
  const pod = await firstPodOf('shop');
  const first = exec(['--steal', '-t', `pod/${pod.name}`, '--', 'node', serve]);
  await first.says('listening');
  // Another local port would not clash here: the second one listens in the pod's name on the same port.
  const second = exec(['--steal', '-t', `pod/${pod.name}`, '--', 'node', serve]);
  const { code, stderr } = await second.ended;
  assert.notEqual(code, 0);
  assert.match(stderr, /EADDRINUSE/);
  first.child.kill('SIGTERM');
  await first.ended;
});

test('requests come with their headers as they were sent', async () => {
  const pod = await firstPodOf('shop');
  const program = exec(['--steal', '-t', `pod/${pod.name}`, '--', 'node', serve]);
  await program.says('listening');
  const send = `const s=require('net').connect(8080,'${pod.ip}',()=>s.write('GET /x HTTP/1.1\\r\\nHOST: a\\r\\nX-One: 1\\r\\nx-ONE: 2\\r\\nConnection: close\\r\\n\\r\\n'));s.pipe(process.stdout)`;
  const answer = await kubectl('-n', 'shop', 'exec', 'deploy/prices', '--', 'node', '-e', send);
  const { headers } = JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as {
    headers: string[];
  };
  assert.deepEqual(headers, ['HOST', 'a', 'X-One', '1', 'x-ONE', '2', 'Connection', 'close']);
  program.child.kill('SIGTERM');
  await program.ended;
});

test('the other replica is not touched', async () => {
  const [first, second] = await podsOf('shop');
  assert.ok(first !== undefined && second !== undefined);
  const program = exec(['--steal', '-t', `pod/${first.name}`, '--', 'node', serve]);
  await program.says('listening');
  for (let i = 0; i < 5; i++) assert.match(await request(`http://${second.ip}:8080/`), new RegExp(second.name));
  program.child.kill('SIGTERM');
  await program.ended;
  await nothingLeft();
});
