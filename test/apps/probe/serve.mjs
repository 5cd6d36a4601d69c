// Listens as the shop does, and says who answers and what it is told of the connection. Ends at SIGTERM;
// closes its port, and goes on, at SIGUSR2.

import http from 'node:http';

const server = http.createServer((request, response) => {
  const { remoteAddress, remotePort, localAddress, localPort } = request.socket;
  response.end(
    JSON.stringify({
      from: 'this machine',
      path: request.url,
      client: remoteAddress,
      clientPort: remotePort,
      server: `${localAddress}:${localPort}`,
      headers: request.rawHeaders,
    }),
  );
});
server.listen(Number(process.argv[2] ?? 8080), () => process.stdout.write('listening\n'));

process.on('SIGUSR2', () => server.close(() => process.stdout.write('closed\n')));
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {}, 60_000);
