// Fastify, as ES modules, with its logger and promises of fs.
import { readFile } from 'node:fs/promises';
import Fastify from 'fastify';

const app = Fastify({ logger: true });

app.get('/', async (request) => {
  const prices = await fetch('http://prices/');
  return {
    from: 'this machine',
    region: process.env.SHOP_REGION,
    greeting: (await readFile('/config/greeting.txt', 'utf8')).trim(),
    prices: (await prices.json()).from,
    client: request.ip,
  };
});

await app.listen({ port: Number(process.env.PORT), host: '0.0.0.0' });
