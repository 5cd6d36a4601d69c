// Runs in the pod beside its own programs: the other side of connect.mjs, on the pod's loopback. Says `ready`.
'use strict';
const dgram = require('node:dgram');
const net = require('node:net');

/** By port, what happens to a connection. */
const servers = {
  27001: (socket) => socket.pipe(socket), // echo, half-close included
  27002: (socket) => socket.once('data', () => socket.resetAndDestroy()),
  27003: (socket) => socket.end('hello and goodbye'),
  27004: (socket) => socket.resume().on('end', () => socket.end('you are done')), // answers behind the other's end
  27005: () => {}, // silent
  27006: (socket) => socket.resetAndDestroy(), // at once
  27007: (socket) => socket.end(JSON.stringify([socket.remoteAddress, socket.remoteFamily, socket.localPort])),
  27008: (socket) => socket.end(Buffer.alloc(3_000_000, 'x')),
  27010: (socket) => socket.end(String(socket.remotePort)),
};
for (const [port, serve] of Object.entries(servers)) {
  for (const host of ['127.0.0.1', '::1']) {
    net.createServer({ allowHalfOpen: true }, (socket) => serve(socket.on('error', () => {}))).listen(port, host);
  }
}

const echo = dgram.createSocket('udp4');
echo.on('message', (data, { address, port }) => {
  if (data.toString() === 'who') echo.send(`${address}`, port, address);
  else for (let i = 0; i < (data.toString() === 'thrice' ? 3 : 1); i++) echo.send(data, port, address);
});
const other = dgram.createSocket('udp4');
other.on('message', (_, { address, port }) => other.send('other', port, address));
echo.bind(27001, '127.0.0.1', () => other.bind(27002, '127.0.0.1', () => console.log('ready')));

process.stdin.resume().on('end', () => process.exit());
