// A client of the stand-in pod. `ask ADDRESS PORT` sends a line and prints the answer; `stay` prints
// connected, what comes, and how it ended.
'use strict';
const net = require('node:net');
const [mode, host, port] = process.argv.slice(2);

const socket = net.connect({ host, port: Number(port) });
socket.setTimeout(5000, () => socket.destroy(new Error('timeout')));
if (mode === 'ask') {
  socket.on('error', (error) => console.log(error.code ?? error.message));
  socket.write('hello\n');
  socket.pipe(process.stdout);
} else {
  socket.on('connect', () => console.log('connected'));
  socket.on('data', (data) => process.stdout.write(data));
  socket.on('error', (error) => console.log(error.code ?? error.message));
  socket.on('close', () => {
    console.log('closed');
    process.exit();
  });
  process.stdin.on('data', (data) => socket.write(data));
}
