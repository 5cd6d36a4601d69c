// Steals as serve.mjs does, and holds a connection out of the pod: what has to be gone when a session ends badly.

import net from 'node:net';

const connection = net.connect(80, 'prices', () => console.log('connected'));
connection.on('error', (error) => console.log(error.code));
connection.on('close', () => console.log('connection gone'));
console.log(`pid ${process.pid}`);

await import('./serve.mjs');
