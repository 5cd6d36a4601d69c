// Answers the requests that come to port 18080 of the target, as the target itself would. Ends with its stdin.

import http from 'node:http';

http.createServer((_request, response) => response.end('hello\n')).listen(18080, () => console.log('listening'));

process.stdin.on('end', () => process.exit(0)).resume();
