// The shop, the pod's original program: what answers the pod's port while nobody steals it.
// Port 8080 is the shop, 9090 its admin port, 7070 is on the pod's loopback only.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const answer = (at, reply) =>
  new Promise((listening) => {
    createServer(async (request, response) => {
      const body = await reply(request).catch((error) => ({ error: String(error) }));
      // A connection for each request: one that a client holds from before a steal goes on with the shop.
      response.writeHead('error' in body ? 502 : 200, { 'content-type': 'application/json', connection: 'close' });
      response.end(`${JSON.stringify(body)}\n`);
    }).listen(at, listening);
  });

const shop = async (request) => ({
  from: 'the pod',
  url: request.url,
  region: process.env.SHOP_REGION,
  greeting: (await readFile('/config/greeting.txt', 'utf8')).trim(),
  prices: await (await fetch('http://prices/')).json(),
});

process.on('SIGTERM', () => process.exit(0));
await answer({ port: 8080 }, shop);
await answer({ port: 9090 }, async () => ({ from: "the pod's admin port" }));
await answer({ port: 7070, host: '127.0.0.1' }, async () => ({ from: 'loopback of the pod' }));
console.log('shop is ready');
