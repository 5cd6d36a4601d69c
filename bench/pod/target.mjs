// The pod that the bench targets: port 19090 is left alone, the others answer the same and are stolen, filtered or
// mirrored.

import http from 'node:http';

for (const port of [18080, 18081, 18082, 19090]) {
  http.createServer((request, response) => request.resume().on('end', () => response.end('hello\n'))).listen(port);
}

process.on('SIGTERM', () => process.exit(0));
