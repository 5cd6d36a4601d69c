// The agent's addon under AddressSanitizer and UndefinedBehaviorSanitizer: every function, with good
// arguments and with wrong ones.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const builder = new URL('../../../scripts/build-agent.mjs', import.meta.url).href;
let folder: string;
let sanitizer: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mirrord-addon-'));
  // A script without types, as those of scripts/ are.
  const { buildAddon } = (await import(builder)) as { buildAddon: (folder: string, flags: string[]) => Promise<void> };
  await buildAddon(folder, ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']);
  sanitizer = (await run(process.env.CC || 'cc', ['-print-file-name=libasan.so'])).stdout.trim();
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Runs `script` with the addon as `addon`, in a network of its own, and returns what it prints. */
async function inNode(script: string): Promise<string> {
  const program = `const addon = require(${JSON.stringify(join(folder, 'mirrord_agent.node'))});
    const fs = require('node:fs');
    const attempt = (call) => { try { return call(); } catch (error) { return error.code + ' ' + (error.syscall ?? ''); } };
    const print = (value) => console.log(JSON.stringify(value));
    ${script}`;
  const env = { PATH: process.env.PATH, LD_PRELOAD: sanitizer, ASAN_OPTIONS: 'detect_leaks=0' };
  const { stdout } = await run('unshare', ['--net', process.execPath, '-e', program], { env });
  return stdout.trim();
}

test('wrong arguments are a TypeError, and errors carry code and syscall', async () => {
  const output = await inNode(`print([
    () => addon.setNetns(), () => addon.setNetns(1), () => addon.setNetns('/x'.repeat(5000)), () => addon.chroot(null),
    () => addon.originalDestination('x'), () => addon.exchange(1), () => addon.exchange(1, 'x'),
    () => addon.openNetlink('x'), () => addon.markedSocket(1, false), () => addon.markedSocket(1, true, '10.0.0.1'),
    () => addon.connectUnix('/x'),
    () => addon.setNetns('/nope'), () => addon.setNetns('/etc'), () => addon.chroot('/nope'),
    () => addon.originalDestination(-1), () => addon.originalDestination(fs.openSync('/dev/null')), () => addon.exchange(-1, Buffer.alloc(4)),
    () => addon.connectUnix(Buffer.from('/nope')), () => addon.connectUnix(Buffer.from('\\0nope')), () => addon.connectUnix(Buffer.alloc(200)),
  ].map(attempt))`);
  const wrong = Array.from({ length: 11 }, () => 'ERR_INVALID_ARG_TYPE ');
  assert.deepEqual(JSON.parse(output), [
    ...wrong,
    'ENOENT open',
    'EINVAL setns',
    'ENOENT chroot',
    'EBADF getpeername',
    'ENOTSOCK getpeername',
    'EBADF sendto',
    'ENOENT connect',
    'ECONNREFUSED connect',
    'ENAMETOOLONG connect',
  ]);
});

test('the kernel answers a message with datagrams', async () => {
  const output = await inNode(`
    const fd = addon.openNetlink(12);
    const message = Buffer.alloc(20);
    message.writeUInt32LE(20, 0);
    message.writeUInt16LE(0x0a00, 4); // NFT_MSG_NEWTABLE outside of a batch: refused
    message.writeUInt16LE(5, 6);
    message.writeUInt32LE(7, 8);
    const replies = addon.exchange(fd, message);
    print([replies.length, replies[0].readUInt16LE(4), replies[0].readInt32LE(16) < 0, attempt(() => addon.exchange(fd, Buffer.alloc(0)))]);
  `);
  assert.deepEqual(JSON.parse(output), [1, 2, true, 'ENODATA sendto']);
});

test('a marked socket can have an address that nobody has here', async () => {
  const output = await inNode(`
    print([['10.9.9.9', false], ['fd00::9', true], ['', false], ['', true]].map(([host, isV6]) =>
      attempt(() => fs.closeSync(addon.markedSocket(7, isV6, host)) ?? 'made')));
  `);
  assert.deepEqual(JSON.parse(output), ['made', 'made', 'made', 'made']);
});

test('a file and a stat that the kernel has in memory are told without waiting', async () => {
  const output = await inNode(`
    const stat = new BigInt64Array(14), data = Buffer.alloc(8), path = '/dev/shm/mirrord-addon-' + process.pid;
    const known = (name) => { try { fs.statSync(name) } catch {}; return Buffer.from(name) };
    fs.writeFileSync(path, 'content');
    const same = () => { const { mode, ino, size, mtimeNs } = fs.statSync(path, { bigint: true });
      return [mode, ino, size, mtimeNs].join() === [stat[1], stat[7], stat[8], stat[11]].join() };
    print([addon.readCached(known(path), 0, stat, data, false), addon.readCached(known(path), 0, stat, data, true), data.toString('latin1', 0, 7), same(),
      addon.statCached(known(path), true, stat), same(), addon.statCached(known('/proc'), false, stat),
      addon.readCached(known(path + 'x'), 0, stat, data, false), addon.statCached(Buffer.from('a\\0b'), true, stat)]);
    fs.unlinkSync(path);
    print([() => addon.readCached('x', 0, stat, data), () => addon.readCached(data, 0, new Float64Array(14), data, true),
      () => addon.statCached(data, true, new BigInt64Array(13)), () => addon.statCached(data, 1, stat)].map(attempt));
  `);
  const [told, wrong] = output.split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(told, [-95, 7, 'content', true, true, true, true, -1, false]);
  assert.deepEqual(
    wrong,
    Array.from({ length: 4 }, () => 'ERR_INVALID_ARG_TYPE '),
  );
});

test('the threads of the pool become another user, and the main thread for files only', async () => {
  const output = await inNode(`
    const ids = async () => { const seen = new Set(); await Promise.all(Array.from({ length: 40 }, async () => {
      const text = await fs.promises.readFile('/proc/thread-self/status', 'latin1');
      seen.add(/Uid:.*/.exec(text)[0] + /Groups:.*/.exec(text)[0] + /CapEff:.*/.exec(text)[0]); })); return [...seen]; };
    addon.becomeUser(1000, 2000, [2001], 0n, 4).then(async () => {
      addon.becomeFileUser();
      const own = fs.readFileSync('/proc/thread-self/status', 'latin1');
      print([await ids(), /Uid:.*/.exec(own)[0]]);
      addon.setNetns('/proc/self/ns/net'); // still allowed
    });
  `);
  const none = 'CapEff:\t0000000000000000';
  assert.deepEqual(JSON.parse(output), [[`Uid:\t1000\t1000\t1000\t1000Groups:\t2001 ${none}`], 'Uid:\t0\t0\t0\t1000']);
});

test('the network and the root of another process can be entered', async () => {
  const output = await inNode(`
    addon.setNetns('/proc/self/ns/net');
    addon.chroot('/usr');
    print([fs.statSync('.').ino === fs.statSync('/').ino, fs.existsSync('/bin'), fs.existsSync('/usr')]);
  `);
  assert.deepEqual(JSON.parse(output), [true, true, false]);
});
