// Express, in CommonJS.
const fs = require('node:fs');
const express = require('express');

const app = express();

app.get('/', async (request, response) => {
  const prices = await fetch('http://prices/');
  response.json({
    from: 'this machine',
    region: process.env.SHOP_REGION,
    greeting: fs.readFileSync('/config/greeting.txt', 'utf8').trim(),
    prices: (await prices.json()).from,
    client: request.socket.remoteAddress,
  });
});

app.listen(process.env.PORT, () => console.log('listening'));
