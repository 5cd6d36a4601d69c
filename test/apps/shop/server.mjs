// The sample shop that the end-to-end tests target: what a pod has, in a few lines.

import http from 'node:http';
import os from 'node:os';

const json = (response, value) => {
  response.setHeader('content-type', 'application/json');
  response.end(`${JSON.stringify(value)}\n`);
};

// A service is reachable a moment after its pod is ready: the shop says so, and lives on.
const prices = async (response) => {
  try {
    return await (await fetch('http://prices/')).json();
  } catch (error) {
    response.statusCode = 502;
    return { error: String(error.cause ?? error) };
  }
};

http
  .createServer(async (request, response) => {
    if (request.url === '/healthz') return response.end('ok\n');
    if (request.url === '/prices') return json(response, await prices(response));
    json(response, {
      from: 'pod',
      pod: os.hostname(),
      method: request.method,
      path: request.url,
      remoteAddress: request.socket.remoteAddress,
    });
  })
  .listen(8080);

http.createServer((_request, response) => response.end('admin from pod\n')).listen(9090);

// Only the pod itself reaches this one.
http.createServer((_request, response) => response.end('loopback of the pod\n')).listen(7070, '127.0.0.1');

process.on('SIGTERM', () => process.exit(0));
