// The demo's program: it knows nothing of mirrord. It says what it sees, one JSON line each, then serves
// port 8080 until its stdin ends.

import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const views = {
  'environment variable SHOP_REGION': async () => process.env.SHOP_REGION ?? '(not set)',
  'file /config/app.json': async () => JSON.parse(await readFile('/config/app.json', 'utf8')).greeting,
  'address of "prices"': async () => (await lookup('prices')).address,
  'GET http://prices/': async () => `answered by ${(await (await fetch('http://prices/')).json()).from}`,
};

for (const [what, look] of Object.entries(views)) {
  const tooLong = sleep(3000, '(no answer in 3 s)', { ref: false });
  const value = await Promise.race([look().catch(nameOfError), tooLong]);
  console.log(JSON.stringify({ what, value }));
}

const server = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"from":"this machine"}\n');
});
// Another program of this machine may hold the port: the plain run then goes on with any other.
server.on('error', () => server.listen(0));
server.on('listening', () => console.log(JSON.stringify({ what: 'listening' })));
server.listen(8080);

process.stdin.resume().on('end', () => process.exit(0));

function nameOfError(error) {
  return (error.cause ?? error).code ?? error.message;
}
