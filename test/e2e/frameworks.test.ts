// Real applications, unchanged: each reads the pod's variables and files, calls its services, and serves a
// request of the pod knowing who asked.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { kubectlWith, podOf } from './support/cluster.ts';
import {
  application,
  assertAnswers,
  assertInPod,
  clientProgram,
  run,
  type Served,
  type Sight,
  serve,
  stop,
} from './support/frameworks.ts';
import { ask } from './support/requests.ts';

async function check(served: Served, where = '/'): Promise<void> {
  await assertAnswers(served, 'this machine', where);
  await stop(served);
}

describe('servers', () => {
  test('Express, by npm start: a shell between npm and node', async () => {
    await check(await serve(application('express'), () => ['npm', 'start']));
  });

  test('Fastify, by node', async () => {
    await check(await serve(application('fastify'), () => ['node', 'app.js']));
  });

  test('NestJS, by nest start --watch', async () => {
    await check(await serve(application('nest'), () => ['npm', 'run', 'start:dev']));
  });

  test('Next.js, by next dev, and what it has built by next start', async () => {
    const folder = application('next');
    await check(await serve(folder, (port) => ['npx', 'next', 'dev', '-p', String(port)]), '/api');
    const built = await run(folder, ['npm', 'run', 'build']).ended;
    assert.equal(built.code, 0, built.stdout + built.stderr);
    await check(await serve(folder, (port) => ['npx', 'next', 'start', '-p', String(port)]), '/api');
  });

  test('Vite, whose proxy reaches a service of the cluster', async () => {
    const served = await serve(application('vite'), () => ['npm', 'run', 'dev']);
    await served.program.says(/ready in/);
    assert.match((await ask(`http://${served.pod.ip}:8080/`)).body ?? '', /<p>pod-land, hello from the pod\n<\/p>/);
    assert.equal((await ask(`http://${served.pod.ip}:8080/prices`)).body, '{"apples":3,"from":"prices"}\n');
    await stop(served);
  });

  test('socket.io, over a websocket', async () => {
    const served = await serve(application('socketio'), () => ['npm', 'start']);
    await served.program.says(/listening/);
    assertInPod(await askFromPod('socketio', served), 'this machine', (await podOf('prices')).ip);
    await stop(served);
  });

  test('grpc-js', async () => {
    const served = await serve(application('grpc'), () => ['npm', 'start']);
    await served.program.says(/listening/);
    const { client = '', ...seen } = await askFromPod('grpc', served);
    const address = client.replace(/:\d+$/, '');
    assertInPod({ ...seen, client: address }, 'this machine', (await podOf('prices')).ip);
    await stop(served);
  });

  test('a program of turbo, which keeps the variables to itself', async () => {
    await check(await serve(application('turbo'), () => ['npm', 'run', 'dev']));
  });
});

describe('suites that use the cluster', () => {
  for (const name of ['vitest', 'jest']) {
    test(name, async () => {
      const { code, stdout, stderr } = await run(application(name), ['npm', 'test']).ended;
      assert.equal(code, 0, stdout + stderr);
    });
  }
});

/** What a client in a pod of the cluster is answered, in the application's own protocol. */
async function askFromPod(name: string, { pod }: Served): Promise<Sight> {
  const program = await clientProgram(name);
  return JSON.parse(await kubectlWith(program, 'exec', '-i', 'deployment/prices', '--', 'node', '-', pod.ip)) as Sight;
}
