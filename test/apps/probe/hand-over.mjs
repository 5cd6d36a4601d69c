// Hands descriptors of the pod's files to child processes and to a thread, and prints what came of it: one line of
// JSON.    node hand-over.mjs FOLDER, which has the files `small` and `large`

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { text } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';

const [, , folder] = process.argv;
const came = [];

/** What a child reads from its stdin, whose descriptor has been read by `before` bytes. */
async function asStdin(name, before) {
  const fd = fs.openSync(`${folder}/${name}`);
  fs.readSync(fd, Buffer.alloc(before));
  const child = spawn('wc', ['-c'], { stdio: [fd, 'pipe', 'inherit'] });
  fs.closeSync(fd);
  return Number(await text(child.stdout));
}

came.push(await asStdin('small', 0), await asStdin('large', 0), await asStdin('large', 1000));
const fd = fs.openSync(`${folder}/large`);
came.push(Number(execFileSync('sh', ['-c', 'cat | wc -c'], { stdio: [fd, 'pipe', 'inherit'] })));
came.push(fs.readSync(fd, Buffer.alloc(10))); // the child has read it to its end
fs.closeSync(fd);

const log = fs.openSync(`${folder}/log`, 'a');
fs.writeSync(log, 'before\n');
spawnSync('sh', ['-c', 'echo out; echo err >&2'], { stdio: ['ignore', log, log] });
const child = spawn('sh', ['-c', 'echo later; sleep 0.1; echo last'], { stdio: ['ignore', log, 'inherit'] });
fs.closeSync(log);
await new Promise((resolve) => child.once('close', resolve));
for (let tries = 0; tries < 100 && !fs.readFileSync(`${folder}/log`, 'utf8').includes('last'); tries++) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
came.push(fs.readFileSync(`${folder}/log`, 'utf8'));
fs.unlinkSync(`${folder}/log`);

const inThread = `
  Promise.all([import('node:worker_threads'), import('node:fs')]).then(([{ parentPort }, fs]) => parentPort.once('message', async ({ handle, fd }) => {
    const some = Buffer.alloc(4);
    const seen = [fs.readSync(fd, some), some.toString(), (await handle.read(some, 0, 4)).bytesRead, some.toString()];
    seen.push((await handle.stat()).size, (await handle.readFile()).length);
    await handle.close();
    parentPort.postMessage(seen);
  }));`; // as a module or not: this program's flags are the thread's
const worker = new Worker(inThread, { eval: true });
const handle = await fs.promises.open(`${folder}/large`);
const number = fs.openSync(`${folder}/large`);
await handle.read(Buffer.alloc(2));
fs.readSync(number, Buffer.alloc(5));
worker.postMessage({ handle, fd: number }, [handle]);
came.push(await new Promise((resolve) => worker.once('message', resolve)));
came.push(fs.readSync(number, Buffer.alloc(1)), handle.fd);
fs.closeSync(number);
await worker.terminate();

console.log(JSON.stringify(came));
