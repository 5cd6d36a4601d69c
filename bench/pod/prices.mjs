// The service that the program calls: a short answer, or as many bytes as the path says. What is posted is
// read to its end first.

import http from 'node:http';
import { Readable } from 'node:stream';

const piece = Buffer.alloc(64 * 1024, 'mirrord');

function* bytes(count) {
  for (let left = count; left > 0; left -= piece.length) yield left < piece.length ? piece.subarray(0, left) : piece;
}

http
  .createServer(async (request, response) => {
    for await (const _ of request) void _;
    const count = Number(request.url.slice(1));
    if (count === 0) response.end('hello\n');
    else Readable.from(bytes(count), { objectMode: false, highWaterMark: piece.length }).pipe(response);
  })
  .listen(8080);

process.on('SIGTERM', () => process.exit(0));
