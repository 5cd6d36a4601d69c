// Calls everything that fs has, in each of its forms, and prints a line of JSON for each call: its value, or the
// parts of its error. Run inside a pod and on this machine through mirrord, it has to print the same.
//   node files.mjs FOLDER      a folder of the pod to read (made by the test) and to write below

import fs from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

const [, , folder] = process.argv;
const at = (name) => `${folder}/${name}`;
/** A name that is not UTF-8. */
const raw = (name) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
const { COPYFILE_EXCL, R_OK, W_OK, X_OK, O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;

/** Calls that read: [function, ...arguments], done in the forms that fs has of it. */
const reading = [
  ['access', at('small')],
  ['access', at('small'), R_OK],
  ['access', at('small'), X_OK],
  ['access', at('nothing')],
  ['access', at('small/x')],
  ['access', at('dangling')],
  ['exists', at('small')],
  ['exists', at('nothing')],
  ['exists', 7],
  ['stat', at('small')],
  ['stat', at('small'), { bigint: true }],
  ['stat', at('folder')],
  ['stat', at('folder/')],
  ['stat', at('small/')],
  ['stat', at('folder/../small')],
  ['stat', at('nothing')],
  ['stat', at('nothing'), { throwIfNoEntry: false }],
  ['stat', at('small/x'), { throwIfNoEntry: false }],
  ['stat', at('dangling')],
  ['stat', at('loop')],
  ['stat', at('loop'), { throwIfNoEntry: false }],
  ['stat', at('x'.repeat(300))],
  ['stat', at('pipe')],
  ['stat', 'a\0b'],
  ['stat', 12],
  ['stat', pathToFileURL(at('with space'))],
  ['stat', new URL('http://x/y')],
  ['stat', raw('caf\xe9')],
  ['lstat', at('absolute')],
  ['lstat', at('absolute'), { bigint: true }],
  ['lstat', at('to-folder/')],
  ['lstat', at('nothing')],
  ['lstat', at('nothing'), { throwIfNoEntry: false }],
  ['statfs', at('small')],
  ['statfs', at('small'), { bigint: true }],
  ['statfs', at('nothing')],
  ['readFile', at('small')],
  ['readFile', at('small'), 'utf8'],
  ['readFile', at('small'), { encoding: 'base64' }],
  ['readFile', at('small'), { encoding: 'utf8', flag: 'r' }],
  ['readFile', at('small'), { encoding: 'no-such' }],
  ['readFile', at('small'), { flag: 'no-such' }],
  ['readFile', at('empty')],
  ['readFile', at('empty'), 'utf8'],
  ['readFile', at('large')],
  ['readFile', at('large'), 'utf8'],
  ['readFile', at('large'), 'latin1'],
  ['readFile', at('absolute'), 'utf8'],
  ['readFile', at('relative'), 'utf8'],
  ['readFile', at('to-folder/a'), 'utf8'],
  ['readFile', at('dangling')],
  ['readFile', at('loop'), 'utf8'],
  ['readFile', at('folder')],
  ['readFile', at('folder'), 'utf8'],
  ['readFile', at('nothing')],
  ['readFile', at('nothing'), 'utf8'],
  ['readFile', at('small/'), 'utf8'],
  ['readFile', raw('caf\xe9'), 'utf8'],
  ['readFile', pathToFileURL(at('with space')), 'utf8'],
  ['readFile', pathToFileURL(at('with%percent')), 'utf8'],
  ['readFile', pathToFileURL(at('nothing')), 'utf8'],
  ['readFile', raw('nothing\xe9')],
  ['readFile', 12345],
  ['readFile', at('farm/key'), 'utf8'],
  ['readFile', at('farm/..data/key'), 'utf8'],
  ['readdir', at('folder')],
  ['readdir', at('folder/')],
  ['readdir', at('to-folder')],
  ['readdir', at('folder'), 'latin1'],
  ['readdir', at('folder'), 'buffer'],
  ['readdir', at('folder'), { withFileTypes: true }],
  ['readdir', at('folder'), { withFileTypes: true, encoding: 'buffer' }],
  ['readdir', at('folder'), { recursive: true }],
  ['readdir', at('folder'), { recursive: true, withFileTypes: true }],
  ['readdir', at('farm'), { recursive: true }],
  ['readdir', at('farm'), { withFileTypes: true }],
  ['readdir', at('small')],
  ['readdir', at('small'), { recursive: true }],
  ['readdir', at('nothing')],
  ['readdir', at('nothing'), { recursive: true, withFileTypes: true }],
  ['readdir', raw('raw\xe9')],
  ['readdir', raw('raw\xe9'), 'buffer'],
  ['readlink', at('absolute')],
  ['readlink', at('absolute'), 'buffer'],
  ['readlink', at('to-raw'), 'buffer'],
  ['readlink', at('to-raw'), 'latin1'],
  ['readlink', at('small')],
  ['readlink', at('nothing')],
  ['realpath', at('absolute')],
  ['realpath', at('to-folder/../small')],
  ['realpath', at('farm/key')],
  ['realpath', at('to-raw'), 'buffer'],
  ['realpath', at('nothing')],
  ['realpath', at('dangling')],
  ['realpath', at('loop')],
  ['realpath', at('small/x')],
  ['open', at('nothing')],
  ['open', at('folder'), 'r+'],
  ['open', at('small'), 'wx'],
  ['open', at('small'), O_RDONLY | O_DIRECTORY],
  ['open', at('absolute'), O_RDONLY | O_NOFOLLOW],
  ['open', at('small'), 'no-such'],
  ['open', at('small'), 'r', 'no-such'],
  ['opendir', at('nothing')],
  ['opendir', at('small')],
  ['close', 12345],
  ['close', 'x'],
  ['fstat', 12345],
  ['fsync', 12345],
  ['ftruncate', 12345, 1],
  ['glob', `${at('folder')}/**`],
  ['glob', `${at('folder')}/*/b`],
];

/** Calls that change, each form in a folder of its own, one after the other. */
const changing = (at, raw) => [
  ['mkdir', at('')],
  ['mkdir', at('')],
  ['mkdir', at('a/b/c'), { recursive: true }],
  ['mkdir', at('a/b/c'), { recursive: true }],
  ['mkdir', at('a/b/d/'), { recursive: true, mode: 0o700 }],
  ['mkdir', at('mode'), 0o750],
  ['stat', at('mode'), 'changed'],
  ['mkdir', at('no/x')],
  ['mkdir', raw('\xe9\xe8/x'), { recursive: true }],
  ['writeFile', at('f'), 'hello'],
  ['stat', at('f'), 'changed'],
  ['mkdir', at('f/x'), { recursive: true }],
  ['mkdir', at('f'), { recursive: true }],
  ['writeFile', at('f'), Buffer.from('bytes'), { mode: 0o600 }],
  ['writeFile', at('g'), new Uint16Array([65, 66]), { mode: 0o600 }],
  ['stat', at('g'), 'changed'],
  ['writeFile', at('f'), ' more', { flag: 'a' }],
  ['writeFile', at('f'), 'x', { flag: 'wx' }],
  ['writeFile', at('f'), 'J', { flag: 'r+' }],
  ['writeFile', at('no/x'), 'x'],
  ['writeFile', at('a'), 'x'],
  ['writeFile', at('f'), 5],
  ['writeFile', at('hex'), '616263', 'hex'],
  ['writeFile', at('flushed'), 'x', { flush: true }],
  ['writeFile', pathToFileURL(at('by url')), 'url'],
  ['writeFile', raw('n\xe9'), 'raw'],
  ['readdir', at(''), 'latin1'],
  ['appendFile', at('f'), '!'],
  ['appendFile', at('appended'), Buffer.from('new')],
  ['appendFile', at('no/x'), 'x'],
  ['readFile', at('f'), 'utf8'],
  ['readFile', at('by url'), 'utf8'],
  ['readFile', at('made'), { encoding: 'utf8', flag: 'a+' }],
  ['readFile', at('made'), { encoding: 'utf8', flag: 'r' }],
  ['truncate', at('f'), 3],
  ['truncate', at('f'), 6],
  ['truncate', at('f')],
  ['truncate', at('no')],
  ['truncate', at('a')],
  ['rename', at('hex'), at('renamed')],
  ['rename', at('no'), at('x')],
  ['rename', at('renamed'), at('no/x')],
  ['rename', at('a'), at('renamed')],
  ['link', at('renamed'), at('hard')],
  ['link', at('renamed'), at('hard')],
  ['link', at('no'), at('x')],
  ['symlink', 'renamed', at('soft')],
  ['symlink', 'renamed', at('soft')],
  ['symlink', '/nowhere', at('no/soft')],
  ['symlink', raw('n\xe9'), at('to-raw')],
  ['readlink', at('to-raw'), 'latin1'],
  ['readFile', at('soft'), 'utf8'],
  ['copyFile', at('renamed'), at('copy')],
  ['copyFile', at('renamed'), at('copy'), COPYFILE_EXCL],
  ['copyFile', at('no'), at('x')],
  ['copyFile', at('a'), at('x')],
  ['copyFile', at('renamed'), at('no/x')],
  ['chmod', at('copy'), 0o640],
  ['chmod', at('copy'), '600'],
  ['chmod', at('no'), 0o640],
  ['chown', at('copy'), -1, -1],
  ['chown', at('no'), 0, 0],
  ['lchown', at('soft'), -1, -1],
  ['lchown', at('no'), 0, 0],
  ['utimes', at('copy'), 10, 20.5],
  ['utimes', at('copy'), new Date(1e12), '1000000000.25'],
  ['utimes', at('copy'), -1.5, 0],
  ['utimes', at('no'), 1, 1],
  ['utimes', at('copy'), {}, 1],
  ['lutimes', at('soft'), 10, 20],
  ['lstat', at('soft'), 'times'],
  ['stat', at('copy'), 'times'],
  ['access', at('copy'), W_OK],
  ['mkdtemp', at('t-')],
  ['mkdtemp', at('t-'), 'buffer'],
  ['mkdtemp', raw('t\xe9-'), 'buffer'],
  ['mkdtemp', at('no/t-')],
  ['mkdtemp', 5],
  ['cp', at('renamed'), at('cp/file')],
  ['cp', at('a'), at('cp/a')],
  ['cp', at('a'), at('cp/a'), { recursive: true }],
  ['cp', at('a'), at('cp/a'), { recursive: true, errorOnExist: true, force: false }],
  ['cp', at('a'), at('cp/a'), { recursive: true, force: false }],
  ['cp', at('a'), at('a/b/below'), { recursive: true }],
  ['cp', at('a'), at('a'), { recursive: true }],
  ['cp', at('a'), at('renamed'), { recursive: true }],
  ['cp', at('renamed'), at('a')],
  ['cp', at('renamed'), at('cp/file'), { errorOnExist: true, force: false }],
  ['cp', at('copy'), at('cp/file'), { preserveTimestamps: true }],
  ['stat', at('cp/file'), 'times'],
  ['cp', at('no'), at('cp/no')],
  ['cp', at('soft'), at('cp/soft')],
  ['readlink', at('cp/soft')],
  ['cp', at('soft'), at('cp/verbatim'), { verbatimSymlinks: true }],
  ['readlink', at('cp/verbatim')],
  [
    'cp',
    folderOf(at),
    at('cp/filtered'),
    { recursive: true, filter: (from) => !from.includes('cp') && !/t-|t\xe9/.test(from) },
  ],
  ['readdir', at('cp'), { recursive: true }],
  ['unlink', at('soft')],
  ['unlink', at('no')],
  ['unlink', at('a')],
  ['rmdir', at('a')],
  ['rmdir', at('f')],
  ['rmdir', at('no')],
  ['rmdir', at('mode')],
  ['rm', at('a')],
  ['rm', at('f')],
  ['rm', at('no')],
  ['rm', at('no'), { force: true }],
  ['rm', at('a'), { recursive: true }],
  ['rm', at('a'), { recursive: true, force: true }],
  ['rm', at(''), { recursive: true }],
  ['exists', at('')],
];

function folderOf(at) {
  return at('').slice(0, -1);
}

/** What takes several calls: by a name that tells. */
const scenarios = {
  'positions of a small file': () => positions(at('small'), 6),
  'positions of a large file': () => positions(at('large'), 299_990),
  'one byte after the other': () => {
    const fd = fs.openSync(at('large'));
    const byte = Buffer.alloc(1);
    let sum = 0;
    for (let i = 0; i < 3000; i++) sum = (sum * 31 + fs.readSync(fd, byte) * byte[0]) % 1_000_003;
    fs.closeSync(fd);
    return sum;
  },
  'readv, also past the end': () => {
    const fd = fs.openSync(at('small'));
    const parts = [Buffer.alloc(3), Buffer.alloc(50), new Uint16Array(2)];
    const counts = [
      fs.readvSync(fd, parts),
      fs.readvSync(fd, parts),
      fs.readvSync(fd, [], 0),
      fs.readvSync(fd, parts, 2),
    ];
    fs.closeSync(fd);
    return [counts, parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('latin1'))];
  },
  'arguments of read': () => {
    const fd = fs.openSync(at('large'));
    const buffer = Buffer.alloc(4);
    const tries = [
      () => fs.readSync(fd, buffer, 5, 1),
      () => fs.readSync(fd, buffer, 0, 5),
      () => fs.readSync(fd, buffer, 0, 0),
      () => fs.readSync(fd, Buffer.alloc(0)),
      () => fs.readSync(fd, buffer, { position: 7n, length: 2 }),
      () => fs.readSync(fd, buffer, 0, 4, -2),
      () => fs.readSync(fd, buffer, 0, 4, 2 ** 53),
      () => fs.readSync(fd, 'x'),
      () => fs.writeSync(fd, 'x'),
      () => fs.writevSync(fd, [buffer]),
      () => fs.ftruncateSync(fd, 1),
    ].map(attempt);
    fs.closeSync(fd);
    return [
      ...tries,
      attempt(() => fs.readSync(fd, buffer)),
      attempt(() => fs.closeSync(fd)),
      attempt(() => fs.fstatSync(fd)),
    ];
  },
  'a descriptor of a folder': () => {
    const fd = fs.openSync(at('folder'), O_RDONLY | O_DIRECTORY);
    const seen = [
      attempt(() => fs.readSync(fd, Buffer.alloc(1))),
      fs.fstatSync(fd).isDirectory(),
      attempt(() => fs.readFileSync(fd)),
    ];
    fs.fsyncSync(fd);
    fs.closeSync(fd);
    return seen;
  },
  'readFile of a descriptor goes on where it is': async () => {
    const seen = [];
    for (const name of ['small', 'large']) {
      const fd = fs.openSync(at(name));
      fs.readSync(fd, Buffer.alloc(2));
      seen.push(fs.readFileSync(fd).length, fs.readFileSync(fd, 'utf8').length);
      fs.closeSync(fd);
      const handle = await fs.promises.open(at(name));
      await handle.read(Buffer.alloc(2));
      seen.push((await handle.readFile()).length, (await fs.promises.readFile(handle, 'utf8')).length);
      await handle.close();
      seen.push(await attempt(() => handle.readFile()), handle.fd);
    }
    return seen;
  },
  'streams of a part': async () => {
    const parts = [];
    for (const options of [
      { start: 2, end: 6 },
      { start: 299_995 },
      { end: 3, highWaterMark: 2 },
      { start: 400_000 },
      { encoding: 'utf8', end: 4 },
    ])
      parts.push(await streamed(fs.createReadStream(at('large'), options)));
    return parts;
  },
  'a stream by its descriptor stays open on wish': async () => {
    const fd = fs.openSync(at('large'));
    const sizes = [(await buffer(fs.createReadStream('', { fd, autoClose: false, end: 9 }))).length];
    sizes.push((await buffer(fs.createReadStream('', { fd, autoClose: false }))).length, fs.fstatSync(fd).size);
    fs.closeSync(fd);
    return sizes;
  },
  'the events of a stream': () =>
    new Promise((resolve) => {
      const events = [];
      const stream = fs.createReadStream(at('large'), { highWaterMark: 150_000 });
      for (const name of ['open', 'ready', 'end', 'close', 'error'])
        stream.on(name, (value) => {
          events.push([name, typeof value]);
          if (name === 'close') resolve([...events, stream.bytesRead, stream.pending, stream.path]);
        });
      stream.on('data', (chunk) => events.push(['data', chunk.length]));
    }),
  'a stream of nothing': async () => attempt(() => streamed(fs.createReadStream(at('nothing')))),
  'a stream destroyed early': () =>
    new Promise((resolve) => {
      const stream = fs.createReadStream(at('large'));
      stream
        .once('data', () => stream.destroy(new Error('enough')))
        .on('error', ({ message }) => stream.on('close', () => resolve(message)));
    }),
  'a FileHandle in all its ways to read': async () => {
    const seen = [];
    for (const name of ['small', 'large']) {
      let handle = await fs.promises.open(at(name));
      const lines = [];
      for await (const line of handle.readLines({ start: 2 })) lines.push(line.length);
      seen.push(lines);
      handle = await fs.promises.open(at(name));
      let bytes = 0;
      for await (const chunk of handle.readableWebStream()) bytes += chunk.byteLength;
      seen.push(bytes);
      await handle.close();
      handle = await fs.promises.open(at(name));
      seen.push((await buffer(handle.createReadStream({ start: 1, end: 5 }))).toString('latin1'));
      handle = await fs.promises.open(at(name));
      const closed = new Promise((resolve) => handle.once('close', () => resolve('close')));
      const { bytesRead, buffers } = await handle.readv([Buffer.alloc(2), Buffer.alloc(2)], 1);
      seen.push(
        bytesRead,
        buffers.map(String),
        await attempt(() => handle.read({ position: 2, length: 3 }).then(({ bytesRead }) => bytesRead)),
      );
      await handle.close();
      seen.push(await closed, handle.fd, await attempt(() => handle.stat()));
    }
    return seen;
  },
  'aborted reads': async () => {
    const controller = new AbortController();
    const later = attempt(() => fs.promises.readFile(at('large'), { signal: controller.signal }));
    controller.abort();
    return [await later, await attempt(() => fs.promises.readFile(at('small'), { signal: AbortSignal.abort() }))];
  },
  'opendir in all its ways': async () => {
    const seen = [];
    for (const options of [undefined, { bufferSize: 1 }, { recursive: true }, { encoding: 'buffer' }]) {
      const names = [];
      for await (const entry of await fs.promises.opendir(at('folder'), options)) names.push(direntOf(entry));
      seen.push(names.sort(byText));
      const folder = fs.opendirSync(at('folder'), options);
      const again = [];
      for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) again.push(direntOf(entry));
      folder.closeSync();
      seen.push(
        again.sort(byText),
        folder.path,
        attempt(() => folder.readSync()),
        attempt(() => folder.closeSync()),
      );
    }
    const folder = await called('opendir', [at('folder')]);
    const read = () =>
      new Promise((resolve, reject) => folder.read((error, entry) => (error ? reject(error) : resolve(entry))));
    seen.push([await read(), await folder.read(), await read()].map(({ name }) => name).sort());
    await new Promise((resolve) => folder.close(resolve));
    const wrong = [{ bufferSize: 0 }, { encoding: 'no-such' }, 5].map((options) =>
      attempt(() => fs.opendirSync(at('folder'), options)),
    );
    return [...seen, await attempt(() => folder.close()), ...wrong, await attempt(() => fs.promises.opendir(7))];
  },
  openAsBlob: async () => {
    if (fs.openAsBlob === undefined) return undefined;
    const blob = await fs.openAsBlob(at('large'), { type: 'text/plain' });
    return [blob.size, blob.type, await blob.slice(3, 8).text(), (await blob.arrayBuffer()).byteLength];
  },
  'writing by descriptor': () => {
    fs.mkdirSync(at('work'));
    const fd = fs.openSync(at('work/w'), 'w+', 0o640);
    const bytes = Buffer.alloc(12);
    const counts = [
      fs.writeSync(fd, 'hello world'),
      fs.writeSync(fd, 'J', 0),
      fs.writeSync(fd, Buffer.from('xyz'), 1, 2, 3),
    ];
    counts.push(
      fs.writevSync(fd, [Buffer.from('A'), Buffer.from('BC')], 6),
      fs.readSync(fd, bytes, 0, 12, 0),
      fs.readSync(fd, bytes),
    );
    counts.push(fs.writeSync(fd, 'é', null, 'latin1'), fs.writeSync(fd, '!', 30));
    fs.ftruncateSync(fd, 14);
    fs.fchmodSync(fd, 0o604);
    fs.fchownSync(fd, fs.fstatSync(fd).uid, fs.fstatSync(fd).gid);
    fs.futimesSync(fd, 5, 6);
    fs.fsyncSync(fd);
    fs.fdatasyncSync(fd);
    const { size, mode, mtimeMs } = fs.fstatSync(fd);
    fs.closeSync(fd);
    return [counts, bytes.toString(), size, mode, mtimeMs, fs.readFileSync(at('work/w'), 'latin1')];
  },
  'large reads and writes in one go': async () => {
    const fd = fs.openSync(at('work/large'), 'w+');
    const bytes = Buffer.alloc(3_000_000, 'x');
    const counts = [
      fs.writeSync(fd, bytes),
      fs.writeSync(fd, 'y'.repeat(2_500_000)),
      fs.writevSync(fd, [bytes, bytes], 0),
    ];
    counts.push(fs.readSync(fd, bytes, 0, bytes.length, 0), fs.fstatSync(fd).size);
    fs.closeSync(fd);
    const handle = await fs.promises.open(at('work/large'), 'r+');
    counts.push(
      (await handle.write(bytes, 0, bytes.length, 10)).bytesWritten,
      (await handle.read(bytes, 0, bytes.length, 5)).bytesRead,
    );
    await handle.close();
    const reader = fs.openSync(at('work/large'));
    counts.push(fs.readSync(reader, Buffer.alloc(7_000_000)), fs.readSync(reader, bytes));
    fs.closeSync(reader);
    return counts;
  },
  'appending by descriptor': () => {
    const fd = fs.openSync(at('work/w'), 'a+');
    fs.writeSync(fd, 'end', 0);
    const bytes = Buffer.alloc(40);
    const count = fs.readSync(fd, bytes);
    fs.closeSync(fd);
    return [count, fs.readFileSync(at('work/w'), 'latin1'), attempt(() => fs.openSync(at('work/w'), 'ax'))];
  },
  'what one descriptor writes another reads': () => {
    fs.writeFileSync(at('work/both'), 'x'.repeat(200_000));
    const reader = fs.openSync(at('work/both'));
    const writer = fs.openSync(at('work/both'), 'r+');
    const bytes = Buffer.alloc(3);
    const seen = [fs.readSync(reader, bytes)];
    fs.writeSync(writer, 'NEW', 3);
    seen.push(fs.readSync(reader, bytes), bytes.toString());
    fs.writeSync(writer, 'END', 200_000);
    seen.push(fs.readSync(reader, bytes, 0, 3, 200_000), bytes.toString(), fs.readSync(reader, bytes, 0, 3, 200_003));
    fs.closeSync(reader);
    fs.closeSync(writer);
    return seen;
  },
  'writing by FileHandle': async () => {
    const handle = await fs.promises.open(at('work/h'), 'w+');
    const seen = [
      (await handle.write('abc')).bytesWritten,
      (await handle.writev([Buffer.from('d'), Buffer.from('ef')])).bytesWritten,
    ];
    await handle.appendFile('more');
    await handle.writeFile('!');
    await handle.truncate(9);
    await handle.chmod(0o600);
    await handle.utimes(7, 8);
    await handle.datasync();
    await handle.sync();
    const { size, mode, mtimeMs } = await handle.stat();
    await handle.close();
    return [...seen, size, mode, mtimeMs, fs.readFileSync(at('work/h'), 'utf8')];
  },
  'writing streams': async () => {
    const sizes = [];
    for (const options of [
      undefined,
      { flags: 'a' },
      { flags: 'r+', start: 3 },
      { highWaterMark: 10 },
      { flush: true },
    ]) {
      const stream = fs.createWriteStream(at('work/s'), options);
      for (let i = 0; i < 20; i++) stream.write('x'.repeat(10_000));
      stream.cork();
      stream.write('a');
      stream.write('b');
      stream.uncork();
      await new Promise((resolve) => stream.end(resolve));
      sizes.push(stream.bytesWritten, fs.statSync(at('work/s')).size);
    }
    return [
      ...sizes,
      await attempt(() => new Promise((_, reject) => fs.createWriteStream(at('no/x')).on('error', reject))),
    ];
  },
  'writing what an iterable gives': async () => {
    await fs.promises.writeFile(
      at('work/i'),
      (async function* () {
        yield 'one ';
        yield 'two';
      })(),
    );
    return fs.readFileSync(at('work/i'), 'utf8');
  },
  'existing in a folder that is removed': async () => {
    await fs.promises.rm(at('work'), { recursive: true });
    return fs.existsSync(at('work'));
  },
};

function positions(path, last) {
  const fd = fs.openSync(path);
  const bytes = Buffer.alloc(4);
  const seen = [0, 3, last, last + 8, last + 100].map((at) => [
    fs.readSync(fd, bytes, 0, 4, at),
    bytes.toString('latin1'),
  ]);
  for (let i = 0; i < 3; i++) seen.push([fs.readSync(fd, bytes, 0, 3), bytes.toString('latin1')]);
  seen.push(
    [fs.readSync(fd, bytes, 1, 2, 1n), bytes.toString('latin1')],
    fs.readSync(fd, Buffer.alloc(100)),
    statOf(fs.fstatSync(fd)),
  );
  fs.closeSync(fd);
  return seen;
}

async function streamed(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks.map((chunk) => (chunk.length > 20 ? chunk.length : chunk.toString('latin1')));
}

// From here on: how a call is made, and how its result is told.

const called = (name, args) =>
  new Promise((resolve, reject) => {
    fs[name](...args, name === 'exists' ? resolve : (error, value) => (error ? reject(error) : resolve(value)));
  });

const forms = {
  Sync: (name, args) => fs[`${name}Sync`](...args),
  callback: called,
  promise: (name, args) => fs.promises[name](...args),
};

const has = { Sync: (name) => fs[`${name}Sync`], callback: (name) => fs[name], promise: (name) => fs.promises[name] };

function attempt(call) {
  try {
    const value = call();
    return value instanceof Promise ? value.catch(errorOf) : value;
  } catch (error) {
    return errorOf(error);
  }
}

/** mkdtemp's letters are random, also in its errors. */
const masked = (text) => (typeof text === 'string' ? text.replace(/(\/t.?-)\w{6}(?='|$)/, '$1XXXXXX') : text);

function errorOf(error) {
  const { name, code, errno, syscall, path, dest, message } = error;
  return {
    error: name,
    code,
    errno,
    syscall,
    path: masked(path),
    dest,
    message: masked(message),
    parts: Object.keys(error),
  };
}

/** Of a stat, what is the same from run to run. */
function statOf({ size, mode, uid, gid, nlink, blksize, rdev, ...rest }) {
  const numbers = [mode, uid, gid, nlink, blksize, rdev, (mode & 0o170000) === 0o040000 ? 0 : size];
  return [...numbers.map(String), Object.keys(rest).join()];
}

const direntOf = (entry) =>
  [entry.parentPath ?? entry.path, entry.name, entry.isFile(), entry.isDirectory(), entry.isSymbolicLink()].map(plain);
const byText = (a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

function plain(value, how) {
  if (typeof value === 'bigint') return `${value}n`;
  if (Buffer.isBuffer(value))
    return value.length > 100 ? `${value.length} bytes` : `bytes ${masked(value.toString('latin1'))}`;
  if (typeof value === 'string') return value.length > 300 ? `${value.length} letters` : masked(value);
  if (value instanceof fs.Dir) return [value.path, value.closeSync()];
  if (value instanceof fs.Dirent) return direntOf(value);
  if (typeof value?.isFile === 'function') {
    if (how === 'times') return value.mtimeMs;
    return how === 'changed'
      ? [value.mode, value.uid, value.gid, value.size].map(Number)
      : [...statOf(withoutBigInts(value)), String(value.mtimeMs)];
  }
  if (typeof value?.bavail !== 'undefined') return [value.type, value.bsize].map(String);
  if (Array.isArray(value)) return value.map((each) => plain(each));
  if (typeof value === 'number' || typeof value !== 'object') return value;
  return value;
}

function withoutBigInts(stat) {
  return typeof stat.mode === 'bigint' ? { ...stat, mode: Number(stat.mode) } : stat;
}

async function result(call, how) {
  try {
    let value = await call();
    if (typeof value?.next === 'function') value = await allOf(value);
    return how === 'list' && Array.isArray(value) ? plain(value).sort(byText) : plain(value, how);
  } catch (error) {
    return errorOf(error);
  }
}

async function allOf(iterator) {
  const values = [];
  for await (const value of iterator) values.push(value);
  return values;
}

function tell(name, value) {
  process.stdout.write(`${JSON.stringify([name, value ?? null])}\n`);
}

async function run(form, label, calls) {
  for (const [i, [name, ...args]] of calls.entries()) {
    if (has[form](name) === undefined) continue;
    const listed = ['readdir', 'glob'].includes(name) ? 'list' : undefined; // in no order
    const how = ['changed', 'times'].includes(args[1]) ? args.pop() : listed;
    const shown = args.map((arg) => (arg instanceof URL ? arg.href : plain(arg)));
    tell(
      `${label} ${i} ${form} ${name}(${shown.map((arg) => JSON.stringify(arg)?.slice(0, 60)).join(', ')})`,
      await result(() => forms[form](name, args), how),
    );
  }
}

process.umask(0o022);
for (const form of Object.keys(forms)) await run(form, 'read', reading);
for (const form of Object.keys(forms)) {
  const own = (name) => at(`${form}/${name}`);
  await run(
    form,
    'change',
    changing(own, (name) => raw(`${form}/${name}`)),
  );
}
for (const [name, scenario] of Object.entries(scenarios)) tell(name, await result(scenario));
