// The pod's variables: which come, which never do, and what they do to a process that is just starting.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { parseEnv } from 'node:util';
import { namespace, noAgentLeft, type Pod, podOf } from './support/cluster.ts';
import { app, cli, exec, Running, withRegister } from './support/mirrord.ts';
import { nodeLines, nodeProgram } from './support/nodes.ts';

const target = 'deployment/tuned';
const probe = app('probe/tuned.cjs');
const certificates = '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt';
let pod: Pod;
before(async () => {
  pod = await podOf('tuned');
});

/** What every program sees, however it was started; the time zone is nine hours ahead, and libuv's pool has two threads. */
const inPod = () => ({
  hour: 9,
  poolThreads: 2,
  answered: true,
  hostname: pod.name,
  temporary: '/tmp',
  environment: { NODE_ENV: 'production', NODE_EXTRA_CA_CERTS: certificates },
});

const env = { TMPDIR: undefined };

for (const line of nodeLines) {
  describe(`Node ${line}`, () => {
    const node = nodeProgram(line);

    test('under mirrord exec, what counts before a process starts is there', async () => {
      const { stdout, stderr } = await exec(['-t', target, '--', node, probe], { env }).ended;
      const { interfaces: _, ...seen } = JSON.parse(stdout);
      assert.deepEqual(seen, inPod());
      assert.doesNotMatch(stderr, /counts before/);
    });

    test('with mirrord/register alone, what an API can set later is there, and the rest is named', async () => {
      const { stdout, stderr } = await withRegister(target, [probe], { node, env }).ended;
      const { interfaces: _, ...seen } = JSON.parse(stdout);
      const late = line === '20' ? { answered: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', poolThreads: 0 } : {};
      assert.deepEqual(seen, { ...inPod(), ...late });
      const names = /(\S.*): counts before a process starts only/.exec(stderr)?.[1];
      assert.equal(names, line === '20' ? 'mirrord: NODE_EXTRA_CA_CERTS, UV_THREADPOOL_SIZE' : undefined);
    });
  });
}

test("a NODE_ENV of the developer's or of a script stays", async () => {
  const show = ['node', '-p', 'process.env.NODE_ENV'];
  const mine = await exec(['-t', target, '--', ...show], { env: { NODE_ENV: 'test' } }).ended;
  assert.equal(mine.stdout, 'test\n');
  const script = await exec(['-t', target, '--', 'sh', '-c', `NODE_ENV=test ${show.join(' ')}`]).ended;
  assert.equal(script.stdout, 'test\n');
});

test("a test runner that gets the pod's NODE_ENV=production is told so once", async () => {
  const { stderr } = await exec(['-t', target, '--', 'node', '--test', app('probe/tuned.cjs')]).ended;
  assert.equal(stderr.match(/NODE_ENV=production comes from the pod/g)?.length, 1);
});

test("the network interfaces are the pod's where the configuration says so", async () => {
  const config = JSON.stringify({ target, feature: { hostname: false, network: { interfaces: true } } });
  const program = exec(['-f', '-', '--', 'node', probe]);
  program.end(config);
  const { interfaces, hostname } = JSON.parse((await program.ended).stdout);
  assert.ok(interfaces.includes(pod.ip));
  assert.notEqual(hostname, pod.name);
});

test('with load_from_process the variables are in the Node programs only', async () => {
  const both = 'echo "sh: $NODE_ENV"; node -p process.env.NODE_ENV';
  const options = { env: { MIRRORD_ENV_LOAD_FROM_PROCESS: 'true' } };
  const { stdout } = await exec(['-t', target, '--', 'sh', '-c', both], options).ended;
  assert.equal(stdout, 'sh: \nproduction\n');
});

test('a program of skip_processes is on this machine', async () => {
  const show = ['node', '-p', "require('os').hostname()"];
  const { stdout } = await exec(['-t', target, '--skip-processes', 'other;node', '--', ...show]).ended;
  assert.notEqual(stdout.trim(), pod.name);
});

describe('mirrord env', () => {
  const show = (...args: string[]) =>
    new Running(process.execPath, [cli, 'env', '-n', namespace, '-t', target, ...args], {}).ended;

  test('names each variable with its source, what never comes with the reason, and no value', async () => {
    const { code, stdout, stderr } = await show('-x', 'TZ');
    assert.equal(code, 0);
    assert.match(stdout, /^UV_THREADPOOL_SIZE +pod$/m);
    assert.match(stdout, /^NODE_PATH +left out: it would change this machine's own tools$/m);
    assert.match(stdout, /^TZ +left out: in "exclude"$/m);
    assert.doesNotMatch(stdout + stderr, /nowhere|Tokyo/);
    await noAgentLeft();
  });

  test('gives the values to those who ask', async () => {
    assert.match((await show('--values')).stdout, /^TZ +pod +Asia\/Tokyo$/m);
    assert.equal(parseEnv((await show('-o', 'dotenv')).stdout).TZ, 'Asia/Tokyo');
    const { variables } = JSON.parse((await show('-o', 'json')).stdout);
    assert.deepEqual(
      variables.find(({ name }: { name: string }) => name === 'TZ'),
      { name: 'TZ', value: 'Asia/Tokyo', source: 'pod' },
    );
  });
});
