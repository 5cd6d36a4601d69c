// The program in the stand-in pod: HTTP-less servers that say who they are, an echo on the loopback, and a
// tiny name server. Runs inside the pod's root, so it is one plain file.
'use strict';
const dgram = require('node:dgram');
const http = require('node:http');
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

// Says what it got: an HTTP server, and one that shows the very bytes of a connection's first request.
const server8000 = http.createServer(async (request, response) => {
  let body = '';
  if (request.url === '/unread')
    return response.end(JSON.stringify({ who: 'pod', method: request.method, url: request.url }));
  for await (const chunk of request) if (body.length < 1_000_000) body += chunk;
  response.setHeader('X-Who', 'pod');
  const delayMs = request.url.startsWith('/slower') ? 500 : request.url.startsWith('/slow') ? 100 : 0;
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  const { method, url, rawHeaders } = request;
  response.end(JSON.stringify({ who: 'pod', method, url, rawHeaders, body, client: request.socket.remoteAddress }));
});
server8000.on('upgrade', (_request, socket, head) => {
  socket.on('error', () => {});
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\npod:');
  socket.write(head);
  socket.pipe(socket);
});
server8000.keepAliveTimeout = 30_000;
server8000.listen(8000, '::');
net
  .createServer((socket) => {
    let got = '';
    socket.on('error', () => {});
    socket.on('data', (data) => {
      got += data.toString('latin1');
      if (got.includes('END')) socket.end(`HTTP/1.1 200 OK\r\n\r\n${got}`, 'latin1');
    });
  })
  .listen(8001);
// The server speaks first.
net
  .createServer((socket) => {
    socket.on('error', () => {});
    socket.write('220 pod ready\r\n');
    socket.on('data', (data) => socket.write(`250 pod ${data}`));
  })
  .listen(8002);

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
