// The pod that the bench targets: port 18080 is stolen, port 19090 answers the same and is left alone.

import http from 'node:http';

for (const port of [18080, 19090]) http.createServer((_request, response) => response.end('hello\n')).listen(port);

process.on('SIGTERM', () => process.exit(0));
