// A server that is edited while it runs: by tsx as it is, by node and nodemon with its types stripped.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { edit } from './edit.ts';

http
  .createServer(async (request, response) => {
    const prices = await fetch('http://prices/');
    response.end(
      JSON.stringify({
        from: `this machine, edit ${edit}`,
        region: process.env.SHOP_REGION,
        greeting: readFileSync('/config/greeting.txt', 'utf8').trim(),
        prices: ((await prices.json()) as { from: string }).from,
        client: request.socket.remoteAddress,
      }),
    );
  })
  .listen(process.env.PORT, () => console.log(`listening, edit ${edit}`));
