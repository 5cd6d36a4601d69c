// The supervisor's addon under AddressSanitizer and UndefinedBehaviorSanitizer, and the launcher with it: wrong
// arguments, and a static program whose calls are answered by a few lines of JavaScript.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const builder = new URL('../../../scripts/build-supervisor.mjs', import.meta.url).href;
const launcher = fileURLToPath(new URL('../../../dist/supervisor/mirrord-seccomp-launch', import.meta.url));
let folder: string;
let sanitizer: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mirrord-addon-'));
  // A script without types, as those of scripts/ are.
  const { buildSupervisorAddon } = (await import(builder)) as {
    buildSupervisorAddon: (folder: string, flags: string[]) => Promise<void>;
  };
  await buildSupervisorAddon(folder, ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']);
  sanitizer = (await run(process.env.CC || 'cc', ['-print-file-name=libasan.so'])).stdout.trim();
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Runs `script` with the addon as `addon`, and returns what it prints. */
async function inNode(script: string): Promise<string> {
  const program = `const addon = require(${JSON.stringify(join(folder, 'mirrord_seccomp.node'))});
    const fs = require('node:fs'), net = require('node:net'), { spawn } = require('node:child_process');
    const attempt = (call) => { try { return call(); } catch (error) { return error.code + ' ' + (error.syscall ?? ''); } };
    const print = (value) => console.log(JSON.stringify(value));
    ${script}`;
  const env = { PATH: process.env.PATH, LD_PRELOAD: sanitizer, ASAN_OPTIONS: 'detect_leaks=0' };
  const { stdout } = await run(process.execPath, ['-e', program], { env, timeout: 60_000 });
  return stdout.trim();
}

test('wrong arguments are a TypeError, and errors carry code and syscall', async () => {
  const output = await inNode(`
    const wrong = Object.entries(addon).filter(([, value]) => typeof value === 'function')
      .filter(([name]) => !['makePipe', 'stopPoll'].includes(name))
      .map(([name, call]) => attempt(() => call({}, 'x', {}, null, Symbol.iterator)));
    print([...new Set(wrong)]);
    print([
      () => addon.takeDescriptor(process.pid, 9999), () => addon.takeDescriptor(0x7fffffff, 0),
      () => addon.makeFile('x'.repeat(250)), () => addon.seek(-1, 0, 0), () => addon.socket(99, 1),
      () => addon.bind(-1, Buffer.alloc(16)), () => addon.connect(-1, Buffer.alloc(16)),
      () => addon.option(-1, 1, 3), () => addon.giveDescriptor(-1, 1n, 0, true), () => addon.startPoll(-1, 1, () => {}),
    ].map(attempt));
    print([addon.answer(-1, 1n, 0, 0), addon.waits(-1, 1n), addon.write(-1, 1n, 1, 8, Buffer.alloc(9)),
      addon.read(-1, 1n, process.pid, 8, 100000) ?? 'nothing', addon.peerOf(-1) ?? 'nothing', addon.processOf(-1)]);`);
  const [wrong = '', errors = '', nothing = ''] = output.split('\n');
  assert.deepEqual(JSON.parse(wrong), ['ERR_INVALID_ARG_TYPE ']);
  assert.deepEqual(JSON.parse(errors), [
    'EBADF pidfd_getfd',
    'EINVAL pidfd_open',
    'EINVAL memfd_create',
    'EBADF lseek',
    'EAFNOSUPPORT socket',
    'EBADF bind',
    'EBADF connect',
    'EBADF getsockopt',
    'EBADF ioctl',
    'EBADF uv_poll_init',
  ]);
  assert.deepEqual(JSON.parse(nothing), [false, false, false, 'nothing', 'nothing', -1]);
});

test('structs are as long as the kernel has them, and hold what they are given', async () => {
  const output = await inNode(`
    const stat = addon.encodeStat(BigInt64Array.from({ length: 14 }, (_, at) => BigInt(at + 1)));
    print([stat.length, addon.encodeStatx(new BigInt64Array(14)).length, addon.encodeStatfs(new BigInt64Array(7)).length]);
    print(addon.uname('pod-1').toString().split('\\0').filter(Boolean).slice(0, 2));`);
  const [lengths = '', names = ''] = output.split('\n');
  assert.deepEqual(JSON.parse(lengths), [process.arch === 'x64' ? 144 : 128, 256, 120]);
  assert.deepEqual(JSON.parse(names), ['Linux', 'pod-1']);
});

test('the calls of a program stop, and are answered with memory, descriptors and errors', async () => {
  const output = await inNode(`
    const { uname, openat, open, readlink, stat, newfstatat } = addon.calls;
    const socket = ${JSON.stringify(join(folder, 'supervisor'))};
    const ids = new BigUint64Array(1), call = new Float64Array(8), seen = [];
    net.createServer((client) => client.once('data', (data) => {
      const [pid, number, file] = data.toString().split(/[ \\0]/);
      const listener = addon.takeDescriptor(Number(pid), Number(number));
      addon.listenTo(listener);
      const poll = addon.startPoll(listener, 1, () => {
        const path = addon.receive(listener, ids, call);
        if (path === undefined) {
          addon.stopPoll(poll);
          return;
        }
        if (path === false) return;
        const id = ids[0], [nr, thread, a, b] = call;
        if (path instanceof Buffer && path.includes('/pod/file')) {
          const made = addon.makeFile('pod');
          fs.writeSync(made, 'from memory');
          addon.seek(made, 0, 0);
          seen.push([path.toString(), addon.giveDescriptor(listener, id, made, true), addon.waits(listener, id)]);
        } else if (path instanceof Buffer && path.includes('/pod/nothing')) {
          seen.push([path.toString(), addon.answer(listener, id, 0, 2)]);
        } else if (nr === uname) {
          seen.push(['uname', addon.write(listener, id, thread, a, addon.uname('the-pod')), addon.answer(listener, id, 0, 0)]);
        } else addon.answer(listener, id);
      });
      client.end('ok');
    })).listen(socket, () => {
      const child = spawn(${JSON.stringify(launcher)}, [socket, '/bin/sh', 'sh', '-c',
        'cat /pod/file; echo; cat /pod/nothing; uname -n'], { stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout.setEncoding('utf8').on('data', (text) => seen.push(text));
      child.on('close', () => {
        print(seen);
        process.exit();
      });
    });`);
  const seen = JSON.parse(output) as unknown[];
  assert.ok(
    seen.some((one) => JSON.stringify(one) === '["/pod/file",true,false]'),
    output,
  );
  assert.ok(
    seen.some((one) => JSON.stringify(one) === '["/pod/nothing",true]'),
    output,
  );
  assert.match(seen.filter((one) => typeof one === 'string').join(''), /from memory\n.*the-pod\n/s);
});
