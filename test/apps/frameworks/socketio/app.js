// socket.io: a server that answers an event.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { Server } from 'socket.io';

const server = createServer();
const io = new Server(server);

io.on('connection', (socket) => {
  socket.on('look', async (answer) => {
    const prices = await fetch('http://prices/');
    answer({
      from: 'this machine',
      region: process.env.SHOP_REGION,
      greeting: (await readFile('/config/greeting.txt', 'utf8')).trim(),
      prices: (await prices.json()).from,
      client: socket.handshake.address.replace('::ffff:', ''),
    });
  });
});

server.listen(process.env.PORT, () => console.log('listening'));
