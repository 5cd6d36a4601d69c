// A client of the stand-in pod that writes exactly what it is told: HOST PORT STEPS, a JSON array of
// {send}, {until: a text that is to have come}, {end: true}, {pause: ms}. Prints what came, as JSON.
'use strict';
const net = require('node:net');
const [host, port, steps] = process.argv.slice(2);

let came = '';
let ended = '';
const socket = net.connect({ host, port: Number(port), allowHalfOpen: true });
socket.setNoDelay(true);
socket.on('data', (data) => {
  came += data.toString('latin1');
});
socket.on('end', () => {
  ended = 'end';
});
socket.on('error', (error) => {
  ended = error.code;
});
const until = async (isSo, limitMs = 6000) => {
  for (const start = Date.now(); !isSo() && Date.now() - start < limitMs; ) await new Promise((r) => setTimeout(r, 5));
};

(async () => {
  const start = Date.now();
  for (const { send, until: text, end, pause } of JSON.parse(steps)) {
    if (send !== undefined) socket.write(send, 'latin1');
    if (end) socket.end();
    if (pause !== undefined) await new Promise((resolve) => setTimeout(resolve, pause));
    if (text === 'END') await until(() => ended !== '');
    else if (text !== undefined) await until(() => came.includes(text) || ended !== '');
  }
  console.log(JSON.stringify({ came, ended, ms: Date.now() - start }));
  process.exit();
})();
