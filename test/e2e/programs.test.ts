// Programs that are not Node, unchanged, inside a pod: what they see, what they change, and who gets the pod's
// requests.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { kubectl, kubectlWith, noAgentLeft, type Pod, podOf, root } from './support/cluster.ts';
import { app, exec } from './support/mirrord.ts';
import { ask, untilAnsweredBy, whoAnswers } from './support/requests.ts';
import { noServers, startServers } from './support/servers.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mirrord-programs-'));
let pod: Pod;
before(async () => {
  pod = await podOf('shop');
});
after(async () => {
  fs.rmSync(folder, { recursive: true });
  await noAgentLeft();
});

/** @returns what the program printed, by `mirrord exec` in the shop */
async function inShop(command: readonly string[], ...flags: string[]): Promise<string> {
  const { code, stdout, stderr } = await exec(['-t', `pod/${pod.name}`, ...flags, '--', ...command], { cwd: folder })
    .ended;
  assert.equal(code, 0, `${stdout}${stderr}`);
  return stdout;
}

/** Each line of the script with what it printed. */
async function shell(script: readonly string[], ...flags: string[]): Promise<Record<string, string>> {
  const marked = script.map((line, number) => `printf "\\n== ${number}\\n"\n${line}`).join('\n');
  const parts = (await inShop(['bash', '-c', marked], ...flags)).split(/\n== \d+\n/).slice(1);
  return Object.fromEntries(script.map((line, number) => [line, parts[number] ?? '']));
}

const greeting = 'hello from the pod\n';

test('bash, coreutils, awk, perl and git read what is in the pod', async () => {
  const expected = {
    'cat /config/greeting.txt': greeting,
    'cat < /config/greeting.txt': greeting,
    'echo "$(< /config/greeting.txt)"': greeting,
    'while read -r line; do echo "$line"; done < /config/greeting.txt': greeting,
    'echo /config/*.txt': '/config/greeting.txt\n',
    'ls /config': 'app.json\ngreeting.txt\n',
    'test -d /config && test -f /config/app.json && test ! -e /config/nothing && echo yes': 'yes\n',
    'find /config/ -name "*.json" -not -path "*/..*"': '/config/app.json\n',
    'cp /config/greeting.txt copy && cat copy': greeting,
    'diff /config/greeting.txt copy && echo same': 'same\n',
    'cp -rL /config tree && ls tree': 'app.json\ngreeting.txt\n',
    'grep -rh hello /config/greeting.txt': greeting,
    'head -c 5 /config/greeting.txt': 'hello',
    'tail -c 4 /config/greeting.txt': 'pod\n',
    'wc -c < /config/greeting.txt': '19\n',
    'stat -c "%F %s" -L /config/greeting.txt': 'regular file 19\n',
    'tar -chf - -C /config greeting.txt | tar -xOf -': greeting,
    'sort /config/greeting.txt | tr a-z A-Z': greeting.toUpperCase(),
    "awk '{ print $2 }' /config/greeting.txt": 'from\n',
    'sed s/hello/bye/ /config/greeting.txt': 'bye from the pod\n',
    'dd if=/data/big.bin bs=1M status=none | md5sum | cut -c1-32': await bigSum(),
    'md5sum < /data/big.bin | cut -c1-32': await bigSum(),
    "perl -e 'open(F, q(/config/greeting.txt)); print <F>; print -s F'": `${greeting}19`,
    'test $(git hash-object /config/greeting.txt) = $(git hash-object copy) && echo same': 'same\n',
    'env -i /bin/cat /config/greeting.txt': greeting,
    hostname: `${pod.name}\n`,
    'cat /config/nothing 2>&1 || echo $?': 'cat: /config/nothing: No such file or directory\n1\n',
  };
  assert.deepEqual(await shell(Object.keys(expected)), expected);
});

function bigSum(): Promise<string> {
  const get = "crypto.createHash('md5').update(fs.readFileSync('/data/big.bin')).digest('hex')";
  return kubectl('exec', pod.name, '--', 'node', '-p', get);
}

test('curl, wget and perl reach a service by its name', async () => {
  const expected = {
    'curl -sS http://prices/ | grep -c apples': '1\n',
    'wget -qO- http://prices/ | grep -c apples': '1\n',
    "perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(PeerAddr => q(prices:80), Timeout => 5)->peerport'": '80',
    'exec 3<>/dev/tcp/prices/80 && printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3 && head -c 15 <&3': 'HTTP/1.1 200 OK',
    'curl -sS http://prices:81/ 2>/dev/null || echo $?': '7\n',
    'curl -sS http://nothing.invalid/ 2>/dev/null || echo $?': '6\n',
  };
  assert.deepEqual(await shell(Object.keys(expected)), expected);
});

test('python reads, maps, connects and starts children in the pod', async () => {
  const seen = JSON.parse(await inShop(['python3', app('calls/see.py')])) as unknown;
  assert.deepEqual(seen, {
    file: { greeting: 'hello from the pod' },
    nothing: ['FileNotFoundError', 2],
    folder: ['app.json', 'greeting.txt'],
    walk: 4,
    mapped: '{"greeting": "hello from the pod"}\n',
    request: 200,
    asyncio: 'HTTP/1.1 200 OK',
    'asyncio refused': ['ConnectionRefusedError', 111],
    timed: 80,
    'child without environment': greeting,
  });
});

test('with --fs-mode write, redirections, editors of files and archives write in the pod', async () => {
  const expected = {
    'mkdir /data/made && cd /': '',
    'echo one > /data/made/a && (echo two; /bin/echo three) >> /data/made/a && cat /data/made/a': 'one\ntwo\nthree\n',
    'seq 100000 > /data/made/seq && tail -n 1 /data/made/seq && wc -l < /data/made/seq': '100000\n100000\n',
    'sed -i s/two/2/ /data/made/a && cat /data/made/a': 'one\n2\nthree\n',
    'tar -czf /data/made/t.tgz -C /data/made a && tar -tzf /data/made/t.tgz': 'a\n',
    'mv /data/made/a /data/made/b && ln -s b /data/made/l && readlink /data/made/l && cat /data/made/l':
      'b\none\n2\nthree\n',
    'chmod 640 /data/made/b && touch -d @1000000000 /data/made/b && stat -c "%a %Y" /data/made/b': '640 1000000000\n',
    'truncate -s 3 /data/made/b && cat /data/made/b': 'one',
    "python3 -c \"open('/data/made/p', 'w').write('from python'); print(open('/data/made/p').read())\"":
      'from python\n',
    "perl -e 'open(F, q(>), q(/data/made/q)); print F q(from perl); close F; open(F, q(/data/made/q)); print <F>'":
      'from perl',
  };
  try {
    assert.deepEqual(await shell(Object.keys(expected), '--fs-mode', 'write'), expected);
    assert.equal(await kubectl('exec', pod.name, '--', 'cat', '/data/made/p', '/data/made/q'), 'from pythonfrom perl');
    assert.equal(fs.existsSync('/data/made'), false);
  } finally {
    await kubectl('exec', pod.name, '--', 'node', '-e', "fs.rmSync('/data/made', { recursive: true, force: true })");
  }
});

describe('a program in C sees here what it sees in the pod', () => {
  const program = path.join(folder, 'calls');
  before(() => execFileSync('cc', ['-O1', '-Wall', path.join(root, 'test/apps/calls/calls.c'), '-o', program]));

  for (const [name, args, flags] of [
    ['when it looks at files, names and connections', [], []],
    ['when it makes, changes and removes files', ['/data/made-in-c'], ['--fs-mode', 'write']],
  ] as const) {
    test(name, async () => {
      const inThePod = await runInPod(program, args);
      assert.ok(inThePod.length > 50);
      const here = (await inShop([program, ...args], ...flags)).split('\n');
      assert.deepEqual(here, inThePod);
    });
  }
});

/** Copies a program of this machine into the pod and runs it. @returns the lines that it printed */
async function runInPod(program: string, args: readonly string[]): Promise<string[]> {
  const run = `
    fs.writeFileSync('/tmp/program', Buffer.from(fs.readFileSync(0, 'utf8'), 'base64'), { mode: 0o755 });
    const { stdout, stderr } = child_process.spawnSync('/tmp/program', process.argv.slice(1));
    fs.rmSync('/tmp/program');
    process.stdout.write(stdout.toString() + stderr);`;
  const bytes = fs.readFileSync(program).toString('base64');
  return (await kubectlWith(bytes, 'exec', '-i', pod.name, '--', 'node', '-e', run, ...args)).split('\n');
}

describe('python answers the requests to the pod', () => {
  const url = () => `http://${pod.ip}:8080/`;

  for (const way of ['', 'daemon'] as const) {
    test(way === '' ? 'and sees their client' : 'also as a daemon that has closed all descriptors', async () => {
      // The shell waits: a session ends with the program that it was started with.
      const command = `python3 ${app('calls/serve.py')} $$ ${way} & read -r`;
      const program = exec(['--steal', '-t', `pod/${pod.name}`, '--', 'bash', '-c', command]);
      await program.says(/^listening$/m);
      const { body = '', error } = await ask(url());
      assert.equal(error, undefined);
      const { from, client } = JSON.parse(body) as { from: string; client: string };
      assert.equal(from, 'this machine');
      assert.equal(client, (await podOf('prices')).ip);
      await kubectl('get', 'pods'); // the daemon's parent is long gone
      assert.equal(await whoAnswers(url()), 'this machine');
      program.kill('SIGTERM');
      await program.ended;
      await untilAnsweredBy('pod', url());
    });
  }
});

test('psql asks a database by the name of its service', { skip: noServers }, async () => {
  await startServers('postgres');
  const url = 'postgresql://shop:shop@postgres:5432/shop';
  const answer = await inShop(['psql', url, '-Atc', 'select sum(n), inet_client_addr() from generate_series(1, 4) n']);
  assert.equal(answer, `10|${pod.ip}\n`);
});
