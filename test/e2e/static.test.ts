// Programs that do not use libc: Go, Rust, C and busybox, all static, under the supervisor.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { developerEnv, namespace, type Pod, podOf } from './support/cluster.ts';
import { cli, exec, Running } from './support/mirrord.ts';
import { goProgram, hasRust, intoPod, runInPod, rustProgram, staticProgram } from './support/programs.ts';
import { ask, untilAnsweredBy, whoAnswers } from './support/requests.ts';

const greeting = 'hello from the pod\n';
const busybox = '/bin/busybox';

let pod: Pod;
before(async () => {
  pod = await podOf('shop');
});

/** Line by line, so that a difference names the call. */
function assertSameLines(here: string, inPod: string): void {
  const [ours, theirs] = [here.split('\n'), inPod.split('\n')];
  for (const [at, line] of theirs.entries()) assert.equal(ours[at], line, `line ${at + 1}`);
  assert.equal(ours.length, theirs.length);
}

describe('the same program in the pod and here', () => {
  test('a static C program gets the same results of some 400 system calls', async () => {
    const inPod = await runInPod(pod.name, await intoPod(pod.name, staticProgram()), 'prices');
    const { stdout, stderr } = await exec(['-t', `pod/${pod.name}`, '--', staticProgram(), 'prices']).ended;
    assert.ok(inPod.split('\n').length > 300, inPod);
    assert.notEqual(stdout, '', stderr);
    assertSameLines(stdout, inPod);
  });

  test('a Go program sees the same files, names, services and datagrams', async () => {
    const inPod = await runInPod(pod.name, await intoPod(pod.name, goProgram()), 'see');
    const { stdout, stderr } = await exec(['-t', `pod/${pod.name}`, '--', goProgram(), 'see']).ended;
    assert.notEqual(stdout, '', stderr);
    assertSameLines(stdout, inPod);
  });
});

describe('a Go server', () => {
  let program: Running;
  const url = () => `http://${pod.ip}:8080/hello`;
  before(async () => {
    program = exec(['--steal', '-t', `pod/${pod.name}`, '--', goProgram(), 'serve', '8080']);
    await program.says(/^listening on \[::\]:8080$/m);
  });

  test("answers the pod's requests, and knows the true client and server", async () => {
    const { body = '' } = await ask(url());
    const answer = JSON.parse(body) as Record<string, string>;
    const client = await podOf('prices');
    assert.equal(answer.from, 'this machine');
    assert.equal(answer.path, '/hello');
    assert.equal(answer.client?.replace(/:\d+$/, ''), client.ip);
    assert.equal(answer.server, `${pod.ip}:8080`);
  });

  test('50 at once each have their own client', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(url())));
    const clients = answers.map(({ body = '' }) => (JSON.parse(body) as { client: string }).client);
    assert.equal(new Set(clients).size, 50);
  });

  test('gives the port back when it closes it, and takes it again', async () => {
    program.type('close\n');
    await program.says(/^closed$/m);
    await untilAnsweredBy('pod', url());
    program.type('listen\n');
    await program.says(/^closed\nlistening on/m);
    assert.equal(await whoAnswers(url()), 'this machine');
  });

  test("ends with its own code, and the pod's port is the pod's again", async () => {
    program.type('exit\n');
    assert.equal((await program.ended).code, 5);
    await untilAnsweredBy('pod', url());
  });
});

describe('a static Rust program', { skip: !hasRust && 'no rustc' }, () => {
  test('reads a file and a folder, and reaches a service by name', async () => {
    const { stdout, stderr } = await exec(['-t', `pod/${pod.name}`, '--', rustProgram()]).ended;
    assert.equal(stdout, `${greeting}big.bin dir link note.txt\nNotFound\ntrue\nHTTP/1.1 200 OK\n`, stderr);
  });
});

describe('a static busybox', { skip: !fs.existsSync(busybox) && 'no busybox' }, () => {
  const run = async (...command: string[]) => {
    const { stdout, stderr, code } = await exec(['-t', `pod/${pod.name}`, '--', busybox, ...command]).ended;
    assert.equal(code, 0, stderr);
    return stdout;
  };

  test('cat, ls, find and wget are in the pod', async () => {
    const script = [
      'cat /config/greeting.txt',
      'ls /data',
      'find /data -name "*.txt" | sort',
      'wget -q -O - http://prices/',
      'hostname',
    ].join('; ');
    assert.equal(
      await run('sh', '-c', script),
      `${greeting}big.bin\ndir\nlink\nnote.txt\n` +
        '/data/dir/a.txt\n/data/dir/b.txt\n/data/dir/sub/c.txt\n/data/note.txt\n' +
        `{"apples":3,"from":"prices"}\n${pod.name}\n`,
    );
  });

  test('its children are supervised with it, Node among them', async () => {
    const script = `cat /config/greeting.txt; ${busybox} cat /config/greeting.txt; node -p 'fs.readFileSync("/config/greeting.txt", "utf8").trim()'`;
    assert.equal(await run('sh', '-c', script), greeting.repeat(3));
  });

  test('writing goes where the rules say, and what cannot be done in the pod is refused in words', async () => {
    const script = [
      'echo one > /data/new; echo two >> /data/new; cat /data/new',
      'mkdir /data/made && cp /data/new /data/made/a && mv /data/made/a /data/made/b && chmod 640 /data/made/b',
      'stat -c %a /data/made/b; cat /data/made/b; rm -r /data/made',
      'echo both 1<>/data/new',
      'echo last > /data/new',
    ].join('; ');
    const { stdout, stderr } = await exec([
      ...['--fs-mode', 'write', '-t', `pod/${pod.name}`, '--', busybox, 'sh', '-c', script],
    ]).ended;
    assert.equal(stdout, 'one\ntwo\n640\none\ntwo\n', stderr);
    assert.match(stderr, /can't create \/data\/new: Read-only file system/);
    assert.match(stderr, /mirrord: \/data\/new is to be changed in the pod in a way/);
    // The last bytes are in the pod although the program ended with them.
    assert.equal(await runInPod(pod.name, 'node', '-p', "fs.readFileSync('/data/new', 'utf8').trim()"), 'last\n');
    await runInPod(pod.name, 'node', '-e', "fs.rmSync('/data/new')");
  });
});

test('as an unprivileged user too', { skip: process.getuid?.() !== 0 && 'not root' }, async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mirrord-user-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  fs.chmodSync(folder, 0o755);
  const kubeconfig = path.join(folder, 'config');
  fs.writeFileSync(kubeconfig, fs.readFileSync(developerEnv.KUBECONFIG ?? '')); // readable for everybody
  const user = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  const mirrord = [process.execPath, cli, 'exec', '-n', namespace, '-t', `pod/${pod.name}`, '--'];
  const program = new Running('setpriv', [...user, ...mirrord, goProgram(), 'read', '/config/greeting.txt', '1'], {
    env: { KUBECONFIG: kubeconfig, HOME: folder },
  });
  const { code, stdout, stderr } = await program.ended;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^\d/);
});
