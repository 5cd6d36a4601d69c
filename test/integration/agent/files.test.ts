import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Link } from '../../../src/protocol/link.ts';
import { type Agent, startAgent } from '../support/agent.ts';
import { type Pod, startPod } from '../support/pod.ts';

let pod: Pod;
let agent: Agent;
let link: Link;

before(async () => {
  pod = await startPod();
  agent = await startAgent({ MIRRORD_AGENT_TARGET_PID: String(pod.pid) });
  ({ link } = await agent.session());
});
after(async () => {
  link?.close();
  await agent?.stop();
  await pod?.stop();
});

const open = (path: string, prefetchBytes = 65_536, flags = 0) =>
  link.request('openFile', { path: Buffer.from(path), flags, mode: 0, prefetchBytes });

test('a small file comes whole with the open, and no handle stays', async () => {
  const { handle, data, whole, stat } = await open('/config/app.json');
  assert.deepEqual([handle, data.toString(), whole, stat.size], [0, '{"shop":"remote"}\n', true, 18n]);
});

test('a large file is read ahead, and its handle still stands at the start', async () => {
  const { handle, data, whole, stat } = await open('/config/large.txt', 1000);
  assert.deepEqual([data.length, whole, stat.size], [1000, false, 3_000_000n]);
  const read = async (length: number, position: bigint) =>
    (await link.request('readFile', { handle, length, position })).data.toString();
  assert.equal(await read(12, -1n), '012345678901');
  assert.equal(await read(3, -1n), '234');
  assert.equal(await read(4, 2_999_998n), '89');
  assert.equal(await read(4, 3_000_000n), '');
  assert.equal((await read(3_000_000, 0n)).length, 1024 * 1024);
  assert.equal((await link.request('statFile', { handle })).stat.size, 3_000_000n);
  await link.request('closeFile', { handle });
  await assert.rejects(link.request('readFile', { handle, length: 1, position: 0n }), { code: 'EBADF' });
});

test('a file that says it is empty, as those of /proc do, comes whole as well', async () => {
  const { data, whole, stat } = await open('/proc/1/status');
  assert.deepEqual([whole, stat.size], [true, 0n]);
  assert.match(data.toString(), /^Name:/);
});

test("an absolute link is followed inside the target, not on the agent's side", async () => {
  assert.equal((await open('/config/absolute')).data.toString(), '{"shop":"remote"}\n');
  const path = Buffer.from('/config/absolute');
  assert.equal((await link.request('readLink', { path })).target.toString(), '/config/app.json');
  assert.equal((await link.request('realPath', { path })).path.toString(), '/config/app.json');
  await assert.rejects(
    link.request('openFile', { path: Buffer.from(import.meta.filename), flags: 0, mode: 0, prefetchBytes: 0 }),
    {
      code: 'ENOENT',
    },
  );
});

test('stat follows a link, lstat does not', async () => {
  const stat = async (path: string, follow: boolean) =>
    Number((await link.request('stat', { path: Buffer.from(path), follow })).stat.mode) & constants.S_IFMT;
  assert.equal(await stat('/config/absolute', true), constants.S_IFREG);
  assert.equal(await stat('/config/absolute', false), constants.S_IFLNK);
  await assert.rejects(stat('/config/dangling', true), { code: 'ENOENT' });
});

test('a folder is listed with types', async () => {
  const { entries } = await link.request('readDirectory', { path: Buffer.from('/config') });
  const types = Object.fromEntries(entries.map(({ name, type }) => [name.toString(), type]));
  assert.deepEqual(types, { 'app.json': 1, 'large.txt': 1, absolute: 3, dangling: 3, pipe: 4 });
});

test('a folder opens, and reading it is EISDIR', async () => {
  const { handle, whole } = await open('/config', 65_536, constants.O_DIRECTORY);
  assert.equal(whole, false);
  await assert.rejects(link.request('readFile', { handle, length: 1, position: -1n }), { code: 'EISDIR' });
  await link.request('closeFile', { handle });
});

test('a pipe without a writer opens at once', async () => {
  const { handle } = await open('/config/pipe');
  await link.request('closeFile', { handle });
});

test('errors keep their names', async () => {
  await assert.rejects(open('/nope'), { code: 'ENOENT' });
  await assert.rejects(open('/config/app.json/x'), { code: 'ENOTDIR' });
  await assert.rejects(open('/config/new', 0, constants.O_WRONLY), { code: 'ENOENT' });
  await assert.rejects(link.request('readLink', { path: Buffer.from('/config/app.json') }), { code: 'EINVAL' });
  await assert.rejects(link.request('access', { path: Buffer.from('/config/app.json'), mode: 1 }), { code: 'EACCES' });
  await link.request('access', { path: Buffer.from('/config/app.json'), mode: 4 });
});

test('the environment is that of the target', async () => {
  const { variables } = await link.request('readEnvironment', {});
  assert.ok(variables.map(String).includes('SHOP_MODE=remote'));
  assert.ok(!variables.some((variable) => variable.toString().startsWith('MIRRORD_')));
});

test('the files of a session that is over are closed', async () => {
  const openFiles = async () => (await readdir(`/proc/${agent.process.pid}/fd`)).length;
  const before = await openFiles();
  const other = await agent.session();
  const request = { path: Buffer.from('/config/large.txt'), flags: 0, mode: 0, prefetchBytes: 0 };
  await Promise.all(Array.from({ length: 50 }, () => other.link.request('openFile', request)));
  assert.ok((await openFiles()) >= before + 50);
  other.socket.destroy();
  await setTimeout(300);
  assert.equal(await openFiles(), before);
});
