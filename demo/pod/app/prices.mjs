// The second service, which only the pod's network reaches: http://prices/. (In a cluster, where it is not root, its
// Service leads port 80 to another one.)

import { createServer } from 'node:http';

process.on('SIGTERM', () => process.exit(0));
createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify({ from: 'prices', caller: request.socket.remoteAddress, apple: 0.4 })}\n`);
}).listen(Number(process.env.PORT ?? 80), () => console.log('prices is ready'));
