// Stealing, as the cluster's clients see it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { kubectl, noAgentLeft, type Pod, pods } from './support/cluster.ts';
import { app, exec, type Running } from './support/mirrord.ts';
import { ask, untilAnsweredBy, whoAnswers } from './support/requests.ts';

const serve = app('probe/serve.mjs');
const urlOf = (pod: Pod, path = '/') => `http://${pod.ip}:8080${path}`;

let taken: Pod;
let other: Pod;
before(async () => {
  const [first, second] = await pods('app=shop');
  assert.ok(first !== undefined && second !== undefined);
  [taken, other] = [first, second];
});
after(() => noAgentLeft());

describe('while a program steals', () => {
  let program: Running;
  before(async () => {
    program = exec(['--steal', '-t', `pod/${taken.name}`, '--', 'node', serve]);
    await program.says(/^listening$/m);
  });
  after(async () => {
    program.kill('SIGTERM');
    await program.ended;
    await untilAnsweredBy('pod', urlOf(taken));
  });

  test('a request is answered by it from the moment at which it listens', async () => {
    assert.equal(await whoAnswers(urlOf(taken)), 'this machine');
  });

  test('method, path, headers and 2 MB of body come as they were sent', async () => {
    const body = 'shop '.repeat(400_000);
    const headers = { 'X-One': '1', 'x-two': '2' };
    const answer = await ask(urlOf(taken, '/buy?n=3'), { method: 'POST', headers, body });
    const seen = JSON.parse(answer.body ?? '') as Record<string, unknown> & { headers: string[] };
    assert.deepEqual([seen.method, seen.path], ['POST', '/buy?n=3']);
    assert.deepEqual(seen.headers.slice(0, 4), ['X-One', '1', 'x-two', '2']);
    assert.equal(seen.body, createHash('sha256').update(body).digest('hex'));
  });

  test("the kubelet's probes stay with the pod", async () => {
    const ready = async () =>
      (await kubectl('get', 'pod', taken.name, '-o', 'jsonpath={.status.conditions}')).includes('"Ready"');
    await setTimeout(1500); // one comes each second
    assert.ok(await ready());
    assert.doesNotMatch(program.printed.stdout, /healthz/);
  });

  test('50 at once are all answered by it, each with its own client', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => ask(urlOf(taken, `/${i}`))));
    const seen = answers.map(({ body = '' }) => JSON.parse(body) as { path: string; clientPort: number });
    assert.deepEqual(
      seen.map(({ path }) => path),
      answers.map((_, i) => `/${i}`),
    );
    assert.equal(new Set(seen.map(({ clientPort }) => clientPort)).size, 50);
  });

  test("the other replica, and the pod's other ports, are as before", async () => {
    assert.equal((JSON.parse((await ask(urlOf(other))).body ?? '') as { pod: string }).pod, other.name);
    assert.equal((await ask(`http://${taken.ip}:9090/`)).body, 'admin from pod\n');
  });

  test('a client of the service reaches both', async () => {
    const answers = new Set<string>();
    for (let i = 0; i < 100 && answers.size < 2; i++) answers.add(await whoAnswers('http://shop/'));
    assert.deepEqual([...answers].sort(), ['pod', 'this machine']);
  });

  test('a request that the pod makes to itself is stolen too', async () => {
    const get = "fetch('http://localhost:8080/').then(r => r.json()).then(a => console.log(a.from))";
    assert.equal(await kubectl('exec', taken.name, '--', 'node', '-e', get), 'this machine\n');
  });

  test('a second program on this machine cannot listen on the port, and the terminal says who does', async () => {
    const { code, stderr } = await exec(['--steal', '-t', `pod/${taken.name}`, '--', 'node', serve]).ended;
    assert.equal(code, 1);
    assert.match(stderr, /^EADDRINUSE$/m);
    assert.match(stderr, /Port 8080 is in use on this machine by pid \d+ \(node .*serve\.mjs\)/);
    assert.equal(await whoAnswers(urlOf(taken)), 'this machine');
  });
});

test('a port on which nobody in the pod listens can be answered as well', async () => {
  const url = `http://${taken.ip}:8181/`;
  assert.equal(await whoAnswers(url), 'ECONNREFUSED');
  const program = exec(['--steal', '-t', `pod/${taken.name}`, '--', 'node', serve, '8181']);
  await program.says(/^listening$/m);
  assert.equal(await whoAnswers(url), 'this machine');
  program.kill('SIGTERM');
  await program.ended;
  await untilAnsweredBy('ECONNREFUSED', url);
});

test('of a deployment one pod can be taken, and the terminal says which part that is', async () => {
  const program = exec(['--steal', '--replicas', '1', '-t', 'deployment/shop', '--', 'node', serve]);
  await program.says(/^listening$/m);
  const [, pod] = await program.says(/of pod (\S+) in namespace/);
  await program.says(/1 of 2 pods, about 1\/2 of the requests; --replicas all takes all/);
  assert.equal(await whoAnswers(urlOf(pod === taken.name ? taken : other)), 'this machine');
  program.kill('SIGTERM');
  await program.ended;
});

test('with mode off the pod keeps its requests, and the terminal says how to get them', async () => {
  const env = { MIRRORD_AGENT_TCP_STEAL_TRAFFIC: 'off' };
  const program = exec(['-t', `pod/${taken.name}`, '--', 'node', serve], { env });
  await program.says(/^listening$/m);
  assert.equal(await whoAnswers(urlOf(taken)), 'pod');
  await program.says(/Requests to the pod stay with the pod; --steal brings them here/);
  program.kill('SIGTERM');
  await program.ended;
  assert.doesNotMatch(program.printed.stdout, /request/);
});
