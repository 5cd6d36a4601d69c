// A server that a task runner starts: with the variables only that its configuration names.
import { readFileSync } from 'node:fs';
import http from 'node:http';

http
  .createServer(async (request, response) => {
    const prices = await fetch('http://prices/');
    response.end(
      JSON.stringify({
        from: 'this machine',
        region: process.env.SHOP_REGION,
        greeting: readFileSync('/config/greeting.txt', 'utf8').trim(),
        prices: (await prices.json()).from,
        client: request.socket.remoteAddress,
      }),
    );
  })
  .listen(process.env.PORT, () => console.log('listening'));
