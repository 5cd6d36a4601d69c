// Listens on loopback and says who is there when it connects to itself.

import { once } from 'node:events';
import http from 'node:http';

const server = http.createServer((_request, response) => response.end('itself\n'));

async function ask(port) {
  const response = await new Promise((resolve, reject) => {
    http.get({ port, host: '127.0.0.1', agent: false }, resolve).on('error', reject);
  });
  return String((await once(response, 'data'))[0]).trim();
}

await once(server.listen(0, '127.0.0.1'), 'listening');
console.log('any port:', await ask(server.address().port));
await new Promise((resolve) => server.close(resolve));
await once(server.listen(7070, '127.0.0.1'), 'listening');
console.log('7070:', await ask(7070));
await new Promise((resolve) => server.close(resolve));
console.log('7070 closed:', await ask(7070));
