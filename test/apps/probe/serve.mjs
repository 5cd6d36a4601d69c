// Listens as the shop does, prints each request, and answers with what it is told of the connection. A line on stdin
// makes it `close` its port and go on, `listen` again, say its pod's `hostname`, or `exit` with 5; SIGTERM ends it with 0.
//   node serve.mjs [PORT]

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import readline from 'node:readline';

const port = Number(process.argv[2] ?? 8080);

const server = http.createServer(async (request, response) => {
  const { remoteAddress, remotePort, localAddress, localPort } = request.socket;
  const body = createHash('sha256');
  for await (const chunk of request) body.update(chunk);
  console.log(`request ${request.method} ${request.url} of ${remoteAddress}`);
  const answer = {
    from: 'this machine',
    method: request.method,
    path: request.url,
    client: remoteAddress,
    clientPort: remotePort,
    server: `${localAddress}:${localPort}`,
    headers: request.rawHeaders,
    body: body.digest('hex'),
  };
  response.end(JSON.stringify(answer));
});

const commands = {
  listen: () => server.listen(port, () => console.log('listening')),
  close: () => server.close(() => console.log('closed')),
  hostname: () => {
    try {
      console.log(`in ${fs.readFileSync('/etc/hostname', 'utf8').trim()}`);
    } catch (error) {
      console.log(error.code);
    }
  },
  exit: () => {
    console.log('exiting');
    process.exit(5);
  },
};

readline.createInterface({ input: process.stdin }).on('line', (line) => commands[line]());
server.on('error', (error) => {
  console.error(error.code);
  process.exit(1);
});
process.on('SIGTERM', () => process.exit(0));
commands.listen();
