// A hostile or heavy client of the stand-in pod: HOST PORT WHAT COUNT. Prints `done` when it has done it, and holds
// its connections until its stdin ends.
//   heads   COUNT connections, each with 120 KB of a head that does not end
//   idle    COUNT connections that say nothing
//   upload  one request with COUNT megabytes of body; prints the answer's first line
'use strict';
const net = require('node:net');
const [host, port, what, count] = process.argv.slice(2);
process.stdin.resume().on('end', () => process.exit());

const open = () =>
  new Promise((resolve, reject) => {
    const socket = net.connect({ host, port: Number(port) });
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });
const write = (socket, bytes) => new Promise((resolve) => socket.write(bytes, resolve));

async function upload() {
  const socket = await open();
  const piece = Buffer.alloc(1024 * 1024, 'x');
  const head = `POST /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${count * piece.length}\r\n\r\n`;
  await write(socket, head);
  const answer = new Promise((resolve) => socket.once('data', (data) => resolve(String(data).split('\r\n')[0])));
  for (let sent = 0; sent < count; sent++) await write(socket, piece);
  console.log(await answer);
}

async function many(bytes) {
  for (let opened = 0; opened < count; opened++) {
    const socket = await open();
    socket.on('error', () => {}).resume();
    if (bytes !== undefined) await write(socket, bytes);
  }
  console.log('done');
}

const head = Buffer.from(`GET / HTTP/1.1\r\nX: ${'a'.repeat(120_000)}`);
({ heads: () => many(head), idle: () => many(), upload })[what]();
