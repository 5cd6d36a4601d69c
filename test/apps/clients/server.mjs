// Runs in a pod, as one bundled file: a gRPC server on 50051 and a WebSocket server on 8080.

import { Server, ServerCredentials } from '@grpc/grpc-js';
import { WebSocketServer } from 'ws';
import { service } from './calls.mjs';

const grpc = new Server();
grpc.addService(service, {
  ask: ({ request }, answer) => answer(null, { fruit: request.fruit, price: 3 }),
  converse: (stream) => stream.on('data', (message) => stream.write(message)).on('end', () => stream.end()),
});
grpc.bindAsync('0.0.0.0:50051', ServerCredentials.createInsecure(), () => {});

new WebSocketServer({ port: 8080 }).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});

process.on('SIGTERM', () => process.exit(0));
