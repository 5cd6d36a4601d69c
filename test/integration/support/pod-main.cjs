// The program in the stand-in pod: HTTP-less servers that say who they are, an echo on the loopback, and a
// tiny name server. Runs inside the pod's root, so it is one plain file.
'use strict';
const dgram = require('node:dgram');
const net = require('node:net');

process.stdin.resume().on('end', () => process.exit());

for (const port of [8080, 9090]) {
  net
    .createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(`original ${port} ${socket.remoteAddress.replace('::ffff:', '')}\n`));
    })
    .listen(port);
}
net
  .createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => {}).pipe(socket))
  .listen(7000, '127.0.0.1');
net
  .createServer((socket) => socket.on('error', () => {}).once('data', () => socket.resetAndDestroy()))
  .listen(7001, '127.0.0.1');

const names = { 'prices.shop.svc.cluster.local': '10.77.0.20', 'example.com': '10.77.0.30' };
const server = dgram.createSocket('udp4');
server.on('message', (query, from) => {
  const labels = [];
  let at = 12;
  for (; query[at] > 0; at += query[at] + 1) labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
  const question = query.subarray(12, at + 5);
  const type = query.readUInt16BE(at + 1);
  const name = labels.join('.').toLowerCase();
  const address = names[name];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(name.startsWith('broken') ? 0x8182 : address ? 0x8180 : 0x8183, 2); // SERVFAIL, NOERROR, NXDOMAIN
  header.writeUInt16BE(1, 4);
  const parts = [header, question];
  if (address && type === 1) {
    header.writeUInt16BE(1, 6);
    parts.push(Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]));
  }
  server.send(Buffer.concat(parts), from.port, from.address);
});
server.bind(53, '127.0.0.1', () => console.log('ready'));
