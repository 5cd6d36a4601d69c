// Changes files in a folder in every way that fs has, and prints what came of it as one line of JSON: values,
// and errors with their parts. The folder is the first argument; it is not there before, nor after.

import fs from 'node:fs';

const [, , folder] = process.argv;
const promised = fs.promises;
const came = [];

async function note(name, change) {
  try {
    came.push([name, (await change()) ?? null]);
  } catch ({ code, errno, syscall, path, dest, message }) {
    // mkdtemp's letters are random in the system's own error as well.
    const masked = (text) => text?.replace(/\/t-\w{6}(?='|$)/, '/t-XXXXXX');
    came.push([name, { code, errno, syscall, path: masked(path), dest, message: masked(message) }]);
  }
}

const at = (name) => `${folder}/${name}`;
const called = (name, ...args) =>
  new Promise((resolve, reject) => {
    fs[name](...args, (error, value) => (error ? reject(error) : resolve(value)));
  });

await note('mkdir', () => fs.mkdirSync(folder));
await note('mkdir again', () => fs.mkdirSync(folder));
await note('mkdir recursive', () => fs.mkdirSync(at('a/b/c'), { recursive: true }));
await note('mkdir recursive again', () => promised.mkdir(at('a/b/c'), { recursive: true }));
await note('mkdir below nothing', () => called('mkdir', at('nothing/x')));
await note('writeFile text', () => fs.writeFileSync(at('f'), 'hello'));
await note('appendFile', () => fs.appendFileSync(at('f'), ' world'));
await note('writeFile bytes', () => fs.writeFileSync(at('g'), Buffer.from('bytes')));
await note('writeFile promise', () => promised.writeFile(at('h'), 'promised'));
await note('appendFile promise', () => promised.appendFile(at('h'), '!'));
await note('writeFile callback', () => called('writeFile', at('i'), 'called'));
await note('appendFile callback', () => called('appendFile', at('i'), '!'));
for (const name of ['f', 'g', 'h', 'i']) await note(`read ${name}`, () => fs.readFileSync(at(name), 'utf8'));
await note('writeFile below nothing', () => fs.writeFileSync(at('nothing/x'), 'x'));
await note('open exclusively', () => fs.openSync(at('f'), 'wx'));
await note('change by descriptor', () => {
  const fd = fs.openSync(at('f'), 'r+');
  fs.writeSync(fd, 'J', 0);
  fs.writevSync(fd, [Buffer.from('E'), Buffer.from('L')], 1);
  fs.ftruncateSync(fd, 5);
  fs.fchmodSync(fd, 0o600);
  fs.futimesSync(fd, 1, 2.5);
  fs.fsyncSync(fd);
  fs.fdatasyncSync(fd);
  const { size, mode, mtimeMs } = fs.fstatSync(fd);
  fs.closeSync(fd);
  return [size, mode & 0o777, mtimeMs, fs.readFileSync(at('f'), 'utf8')];
});
await note('change by FileHandle', async () => {
  const handle = await promised.open(at('handle'), 'w+');
  await handle.write('abc');
  await handle.writev([Buffer.from('d'), Buffer.from('ef')]);
  const { bytesRead } = await handle.read(Buffer.alloc(10), 0, 10, 1);
  await handle.sync();
  await handle.truncate(4);
  const { size } = await handle.stat();
  await handle.close();
  return [bytesRead, size];
});
await note('stream', async () => {
  const stream = fs.createWriteStream(at('stream'));
  for (let i = 0; i < 100; i++) stream.write('x'.repeat(10_000));
  await new Promise((resolve) => stream.end(resolve));
  return fs.statSync(at('stream')).size;
});
await note('truncate', () => {
  fs.truncateSync(at('g'), 2);
  return fs.readFileSync(at('g'), 'utf8');
});
await note('rename', () => fs.renameSync(at('g'), at('g2')));
await note('rename nothing', () => promised.rename(at('nothing'), at('x')));
await note('link', () => fs.linkSync(at('g2'), at('g3')));
await note('link to nothing', () => called('link', at('nothing'), at('x')));
await note('symlink', () => {
  fs.symlinkSync('g2', at('s'));
  return [fs.readlinkSync(at('s')), fs.readFileSync(at('s'), 'utf8')];
});
await note('copyFile', () => fs.copyFileSync(at('f'), at('f2')));
await note('copyFile exclusively', () => fs.copyFileSync(at('f'), at('f2'), fs.constants.COPYFILE_EXCL));
await note('copyFile promise', () => promised.copyFile(at('f'), at('f3')));
await note('chmod', async () => {
  await promised.chmod(at('f3'), 0o640);
  return fs.statSync(at('f3')).mode & 0o777;
});
await note('utimes', async () => {
  await promised.utimes(at('f3'), 10, 20);
  return fs.statSync(at('f3')).mtimeMs;
});
await note('lchown', async () => {
  await promised.lchown(at('s'), 5, 6);
  const { uid, gid } = fs.lstatSync(at('s'));
  return [uid, gid];
});
await note('unlink nothing', () => fs.unlinkSync(at('nothing')));
await note('unlink', () => called('unlink', at('i')));
await note('rmdir of a full folder', () => fs.rmdirSync(folder));
await note('mkdtemp', () => fs.mkdtempSync(at('t-')).length);
await note('mkdtemp below nothing', () => promised.mkdtemp(at('nothing/t-')));
await note('statfs', () => fs.statfsSync(folder).bsize > 0);
await note('list', () =>
  fs
    .readdirSync(folder)
    .filter((name) => !name.startsWith('t-'))
    .sort(),
);
await note('rm a folder as a file', () => fs.rmSync(folder));
await note('rm', () => promised.rm(folder, { recursive: true }));
await note('rm again', () => fs.rmSync(folder, { recursive: true }));
await note('rm again by force', () => fs.rmSync(folder, { recursive: true, force: true }));
await note('exists', () => fs.existsSync(folder));

process.stdout.write(`${JSON.stringify(came)}\n`);
