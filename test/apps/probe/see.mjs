// Looks at everything that a pod has and prints it as one line of JSON: values, and errors with their parts.
// Run inside the pod and on this machine through mirrord, it has to print the same.
//   node see.mjs NAMESPACE

import { createHash } from 'node:crypto';
import dns from 'node:dns';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { promisify } from 'node:util';

const [, , namespace] = process.argv;
const seen = {};

/** Notes a value, or the parts of an error that programs look at. */
async function note(name, look) {
  try {
    seen[name] = plain(await look());
  } catch (error) {
    const { code, errno, syscall, path, hostname, address, port, message } = error;
    seen[name] = { code, errno, syscall, path, hostname, address, port, message };
  }
}

function plain(value) {
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (typeof value === 'bigint') return `${value}n`;
  return value;
}

/** Of a stat, what stays the same from look to look. */
const stable = ({ size, mode, uid, gid, nlink, mtimeMs, ino }) =>
  [size, mode, uid, gid, nlink, mtimeMs, ino].map(String);
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
const typed = (entries) =>
  entries.map((entry) => [entry.parentPath, entry.name, entry.isFile(), entry.isDirectory(), entry.isSymbolicLink()]);
const promised = fs.promises;
const callback = (name) => promisify(fs[name]);

for (const name of ['SHOP_REGION', 'SHOP_SECRET', 'KUBERNETES_SERVICE_HOST']) seen[name] = process.env[name];

await note('readFileSync text', () => fs.readFileSync('/config/app.json', 'utf8'));
await note('readFileSync bytes', () => fs.readFileSync('/config/app.json'));
await note('readFile callback', () => callback('readFile')('/config/greeting.txt'));
await note('readFile promise', () => promised.readFile('/config/greeting.txt', 'utf8'));
await note('readFile by URL', () => fs.readFileSync(new URL('file:///config/greeting.txt'), 'utf8'));
await note('readFile by Buffer', () => fs.readFileSync(Buffer.from('/config/greeting.txt'), 'utf8'));
await note('readFile of a folder', () => fs.readFileSync('/config', 'utf8'));
await note('readFile of nothing', () => fs.readFileSync('/config/nothing', 'utf8'));
await note('readFile callback of nothing', () => callback('readFile')('/config/nothing'));
await note('readFile promise of nothing', () => promised.readFile('/config/nothing'));
await note('readFile below a file', () => promised.readFile('/config/app.json/x'));
await note('big file', () => hash(fs.readFileSync('/data/big.bin')));
await note('big file callback', async () => hash(await callback('readFile')('/data/big.bin')));
await note('big file promise', async () => hash(await promised.readFile('/data/big.bin')));
await note('big file as text', () => hash(Buffer.from(fs.readFileSync('/data/big.bin', 'latin1'), 'latin1')));
await note('big file as utf8', () => fs.readFileSync('/data/big.bin', 'utf8').length);
await note('stream', async () => {
  const sum = createHash('sha256');
  for await (const chunk of fs.createReadStream('/data/big.bin')) sum.update(chunk);
  return sum.digest('hex');
});
await note('stream of a part', async () => {
  const chunks = [];
  for await (const chunk of fs.createReadStream('/data/big.bin', { start: 4_999_990 })) chunks.push(chunk);
  return Buffer.concat(chunks);
});
await note('stream of nothing', async () => {
  for await (const _ of fs.createReadStream('/data/nothing'));
});
await note('open, read, close', () => {
  const fd = fs.openSync('/data/note.txt');
  const bytes = Buffer.alloc(6);
  const counts = [fs.readSync(fd, bytes, 0, 6), fs.readSync(fd, bytes, 2, 4, 2), stable(fs.fstatSync(fd))];
  fs.closeSync(fd);
  return [counts, bytes.toString()];
});
await note('read of a closed descriptor', () => {
  const fd = fs.openSync('/data/note.txt');
  fs.closeSync(fd);
  return fs.readSync(fd, Buffer.alloc(1));
});
await note('write to a descriptor for reading', () => fs.writeSync(fs.openSync('/data/note.txt'), 'x'));
await note('positions of a big file', () => {
  const fd = fs.openSync('/data/big.bin');
  const bytes = Buffer.alloc(4);
  const got = [0, 1, 4_999_998, 6_000_000].map((at) => [fs.readSync(fd, bytes, 0, 4, at), bytes.toString('hex')]);
  const own = [fs.readSync(fd, bytes), bytes.toString('hex'), fs.readSync(fd, bytes), bytes.toString('hex')];
  fs.closeSync(fd);
  return [got, own];
});
await note('readv', () => {
  const fd = fs.openSync('/data/big.bin');
  const parts = [Buffer.alloc(3), Buffer.alloc(5)];
  const count = fs.readvSync(fd, parts);
  fs.closeSync(fd);
  return [count, ...parts.map(String)];
});
await note('FileHandle', async () => {
  const handle = await promised.open('/data/big.bin');
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(4), 0, 4, 100);
  const stat = await handle.stat();
  await handle.close();
  return [bytesRead, buffer.toString('hex'), stable(stat)];
});
await note('FileHandle of a small file', async () => {
  const handle = await promised.open('/data/note.txt');
  const text = await handle.readFile('utf8');
  const stat = await handle.stat({ bigint: true });
  await handle.close();
  return [text, stable(stat)];
});
for (const path of ['/config/app.json', '/data', '/data/link', '/data/nothing', '/config/..data']) {
  await note(`stat ${path}`, () => (path === '/data' ? fs.statSync(path).isDirectory() : stable(fs.statSync(path))));
  await note(`stat callback ${path}`, async () => (await callback('stat')(path)).mode);
  await note(`stat promise bigint ${path}`, async () => (await promised.stat(path, { bigint: true })).mode);
  await note(`lstat ${path}`, () => fs.lstatSync(path).mode);
  await note(`exists ${path}`, () => [fs.existsSync(path), fs.statSync(path, { throwIfNoEntry: false }) === undefined]);
  await note(`access ${path}`, () => promised.access(path, fs.constants.R_OK));
  await note(`realpath ${path}`, () => [fs.realpathSync(path).replace(/\d{4}_[\d_.]+/, 'DATE')]);
  await note(`realpath native ${path}`, () => fs.realpathSync.native(path).replace(/\d{4}_[\d_.]+/, 'DATE'));
  await note(`realpath promise ${path}`, async () => (await promised.realpath(path)).replace(/\d{4}_[\d_.]+/, 'DATE'));
  await note(`readlink ${path}`, () => fs.readlinkSync(path).replace(/\d{4}_[\d_.]+/, 'DATE'));
}
for (const path of ['/config', '/data', '/data/note.txt', '/data/nothing']) {
  await note(`readdir ${path}`, () => fs.readdirSync(path).sort());
  await note(`readdir typed ${path}`, () => typed(fs.readdirSync(path, { withFileTypes: true })).sort());
  await note(`readdir promise ${path}`, async () =>
    (await promised.readdir(path, { encoding: 'buffer' })).map(String).sort(),
  );
  await note(`readdir callback ${path}`, async () => (await callback('readdir')(path, { withFileTypes: true })).length);
  await note(`readdir recursive ${path}`, () => fs.readdirSync(path, { recursive: true }).sort());
  await note(`readdir recursive typed ${path}`, () =>
    typed(fs.readdirSync(path, { recursive: true, withFileTypes: true })).sort(),
  );
  await note(`readdir recursive promise ${path}`, async () =>
    (await promised.readdir(path, { recursive: true })).sort(),
  );
  await note(`opendir ${path}`, async () => {
    const names = [];
    for await (const entry of await promised.opendir(path)) names.push(entry.name);
    return names.sort();
  });
}
await note('account', () => fs.readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'utf8'));
await note(
  'token',
  () => fs.readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/token', 'utf8').split('.').length,
);
await note('resolv.conf', () => fs.readFileSync('/etc/resolv.conf', 'utf8'));
await note('hosts', () => fs.readFileSync('/etc/hosts', 'utf8'));

await note('lookup', () => promisify(dns.lookup)('prices'));
await note('lookup all', () => promisify(dns.lookup)('prices', { all: true }));
await note('lookup whole', () => dns.promises.lookup(`prices.${namespace}.svc.cluster.local.`));
await note('lookup localhost', () => dns.promises.lookup('localhost', 4));
await note('lookup nothing', () => dns.promises.lookup('nothing.invalid'));
await note('resolve4', () => dns.promises.resolve4(`prices.${namespace}.svc.cluster.local`));
await note('resolveSrv', () => dns.promises.resolveSrv(`_http._tcp.prices.${namespace}.svc.cluster.local`));
await note('resolve nothing', () => dns.promises.resolveTxt('nothing.invalid'));

await note('fetch', async () => (await fetch('http://prices/')).json());
await note('http', () => get('http://prices/'));
// The API server, as an in-cluster client reaches it: the account's authority and token, over TLS.
await note('https', async () => {
  const account = '/var/run/secrets/kubernetes.io/serviceaccount';
  const options = {
    ca: fs.readFileSync(`${account}/ca.crt`),
    headers: { authorization: `Bearer ${fs.readFileSync(`${account}/token`, 'utf8')}` },
    agent: false,
  };
  return new Promise((resolve, reject) => {
    https
      .get('https://kubernetes.default.svc/version', options, (response) => {
        response.resume();
        response.on('end', () => resolve([response.statusCode, response.headers['content-type']]));
      })
      .on('error', reject);
  });
});
await note('https without the authority', () =>
  fetch('https://kubernetes.default.svc/').catch(({ cause }) => cause.code),
);
await note('http to the loopback', () => get('http://127.0.0.1:7070/'));
await note('http refused', () => get('http://prices:81/'));
await note('http to no name', () => get('http://nothing.invalid/'));
await note('net refused on the loopback', () => dial(7071, '127.0.0.1'));
await note('net peer', async () => {
  const socket = await dial(80, 'prices');
  const { remoteFamily, remotePort, localFamily } = socket;
  socket.destroy();
  return [remoteFamily, remotePort, localFamily];
});

function get(url) {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent: false }, (response) => {
        let body = '';
        response.on('data', (text) => {
          body += text;
        });
        response.on('end', () => resolve([response.statusCode, body]));
      })
      .on('error', reject);
  });
}

function dial(port, host) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, host, () => resolve(socket)).on('error', reject);
  });
}

process.stdout.write(`${JSON.stringify(seen)}\n`);
