// A gRPC server, with the protocol file read at its start.
import { readFile } from 'node:fs/promises';
import { loadPackageDefinition, Server, ServerCredentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const { shop } = loadPackageDefinition(loadSync(new URL('shop.proto', import.meta.url).pathname));
const server = new Server();

server.addService(shop.Shop.service, {
  Look: async (call, answer) => {
    try {
      const prices = await fetch('http://prices/');
      answer(null, {
        from: 'this machine',
        region: process.env.SHOP_REGION,
        greeting: (await readFile('/config/greeting.txt', 'utf8')).trim(),
        prices: (await prices.json()).from,
        client: call.getPeer(),
      });
    } catch (error) {
      answer(error);
    }
  },
});

server.bindAsync(`0.0.0.0:${process.env.PORT}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  console.log('listening');
});
