// A cluster of three workers that share port 8080, and say which one answers and what it is told of the connection.

import cluster from 'node:cluster';
import http from 'node:http';

if (cluster.isPrimary) {
  let listening = 0;
  cluster.on('listening', () => {
    listening += 1;
    if (listening === 3) console.log('listening');
  });
  for (let i = 0; i < 3; i++) cluster.fork();
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.kill();
    process.exit(0);
  });
} else {
  const { id } = cluster.worker;
  http
    .createServer(({ socket }, response) => {
      const { remoteAddress: client, localAddress: server } = socket;
      response.end(JSON.stringify({ from: 'this machine', worker: id, client, server }));
    })
    .listen(8080);
}
