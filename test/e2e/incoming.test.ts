// Filters and mirrors, as the cluster's clients see them: who answers, and what the pod is told of its clients.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Pod, podOf } from './support/cluster.ts';
import { configFile } from './support/config-file.ts';
import { app, exec, type Running } from './support/mirrord.ts';
import { ask, untilAnsweredBy, whoAnswers } from './support/requests.ts';

const serve = app('probe/serve.mjs');

let pod: Pod;
let client: Pod;
let url: string;
before(async () => {
  [pod, client] = [await podOf('shop'), await podOf('prices')];
  url = `http://${pod.ip}:8080`;
});

/** An IPv4 address as it is, where a server listens on both versions. */
const plain = (address: string) => address.replace('::ffff:', '');

async function listening(incoming: unknown): Promise<Running> {
  const program = exec([
    '-f',
    configFile({ feature: { network: { incoming } } }),
    '-t',
    `pod/${pod.name}`,
    '--',
    'node',
    serve,
  ]);
  await program.says(/^listening$/m);
  return program;
}

async function stop(program: Running): Promise<void> {
  program.kill('SIGTERM');
  await program.ended;
  await untilAnsweredBy('pod', `${url}/`);
}

describe('with a header filter', () => {
  let program: Running;
  before(async () => {
    program = await listening({ mode: 'steal', http_filter: { header_filter: '^x-user: (me|myself)$' } });
  });
  after(() => stop(program));

  test('requests that match come here with their true client, all others stay with the pod and theirs', async () => {
    const mine = await ask(`${url}/mine`, { headers: { 'X-User': 'Me' } });
    const seen = JSON.parse(mine.body ?? '') as { from: string; client: string };
    assert.deepEqual([seen.from, plain(seen.client)], ['this machine', client.ip]);
    const other = await ask(`${url}/other`, { headers: { 'X-User': 'you' } });
    const seenByPod = JSON.parse(other.body ?? '') as { from: string; remoteAddress: string };
    assert.deepEqual([seenByPod.from, plain(seenByPod.remoteAddress)], ['pod', client.ip]);
  });

  test('50 at once are each answered by who they are for', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => whoAnswers(`${url}/${i}`, { headers: { 'X-User': i % 2 ? 'me' : 'you' } })),
    );
    assert.deepEqual(
      answers,
      answers.map((_, i) => (i % 2 ? 'this machine' : 'pod')),
    );
  });

  test('a second session has a filter of its own beside it, on the same pod', async () => {
    const filter = { http_filter: { path_filter: '^/theirs' }, listen_ports: [[8080, 18080]] };
    const second = await listening({ mode: 'steal', ...filter });
    const answered = async (path: string, user: string) =>
      JSON.parse((await ask(`${url}${path}`, { headers: { 'X-User': user } })).body ?? '').from;
    assert.equal(await answered('/theirs', 'you'), 'this machine');
    assert.equal(await answered('/mine', 'me'), 'this machine');
    assert.equal(await answered('/pods', 'you'), 'pod');
    await second.says(/^request GET \/theirs/m);
    await program.says(/^request GET \/mine/m);
    second.kill('SIGTERM');
    await second.ended;
  });
});

test('all_of, any_of, methods, paths and bodies', async () => {
  const all = [{ method: 'POST' }, { path: '^/orders' }, { body: 'json', query: '$.items[*].sku', matches: '^a' }];
  const program = await listening({ mode: 'steal', http_filter: { all_of: all } });
  const post = (path: string, body: unknown) =>
    whoAnswers(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  assert.equal(await post('/orders?x=1', { items: [{ sku: 'b1' }, { sku: 'a2' }] }), 'this machine');
  assert.equal(await post('/orders', { items: [{ sku: 'b1' }] }), 'pod');
  assert.equal(await post('/carts', { items: [{ sku: 'a1' }] }), 'pod');
  assert.equal(await whoAnswers(`${url}/orders`), 'pod');
  await stop(program);
});

test('without a mode the program gets copies, the pod answers, and the pod sees its clients', async () => {
  const program = exec(['-t', `pod/${pod.name}`, '--', 'node', serve]);
  await program.says(/^listening$/m);
  await program.says(/as copies; --steal lets it answer them/);
  const copied = await ask(`${url}/copied`, { method: 'POST', body: 'x'.repeat(100_000) });
  const answer = JSON.parse(copied.body ?? copied.error ?? '') as { from: string; remoteAddress: string };
  assert.deepEqual([answer.from, plain(answer.remoteAddress)], ['pod', client.ip]);
  await program.says(new RegExp(`^request POST /copied of (::ffff:)?${client.ip}$`, 'm'));
  assert.doesNotMatch(program.printed.stdout, /healthz/);
  program.kill('SIGTERM');
  await program.ended;
});

test('a mirror with a filter copies what matches', async () => {
  const program = await listening({ mode: 'mirror', http_filter: { path_filter: '^/copy' } });
  for (const path of ['/no', '/copy/1', '/no', '/copy/2']) assert.equal(await whoAnswers(`${url}${path}`), 'pod');
  await program.says(/^request GET \/copy\/2/m);
  assert.doesNotMatch(program.printed.stdout, /\/no/);
  program.kill('SIGTERM');
  await program.ended;
});

test('a filter that cannot be compiled ends it before anything starts', async () => {
  const file = configFile({ feature: { network: { incoming: { http_filter: { header_filter: '(' } } } } });
  const { code, stderr } = await exec(['-f', file, '-t', `pod/${pod.name}`, '--', 'node', serve]).ended;
  assert.equal(code, 1);
  assert.match(stderr, /The HTTP filter cannot be used.*\[CONFIG_INVALID\]/);
});
