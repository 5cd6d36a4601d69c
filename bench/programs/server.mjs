// Answers the requests that come to a port of the target (18080, or the one given), as the target itself would.
// Ends with its stdin.

import http from 'node:http';

const server = http.createServer((request, response) => request.resume().on('end', () => response.end('hello\n')));
server.keepAliveTimeout = 60_000; // connections outlive the other sides' turns
server.listen(Number(process.argv[2] ?? 18080), () => console.log('listening'));

process.stdin.on('end', () => process.exit(0)).resume();
