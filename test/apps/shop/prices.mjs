// The second service, which the shop calls.

import http from 'node:http';

http
  .createServer((_request, response) => response.end(`${JSON.stringify({ apples: 3, from: 'prices' })}\n`))
  .listen(8080);

process.on('SIGTERM', () => process.exit(0));
