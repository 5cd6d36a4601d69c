// A WebSocket echo that says who it is, and a client of it.
//   node ws.mjs serve PORT NAME        node ws.mjs call URL USER MESSAGE… - prints the answers as JSON

import { WebSocket, WebSocketServer } from 'ws';

const [what, where, name, ...messages] = process.argv.slice(2);
if (what === 'serve') {
  new WebSocketServer({ port: Number(where), host: '::' }, () => console.log('ready')).on('connection', (socket) =>
    socket.on('message', (data) => socket.send(`${name} ${data}`)),
  );
} else {
  const socket = new WebSocket(where, { headers: { 'X-User': name } });
  const answers = [];
  socket.on('open', () => socket.send(messages.shift()));
  socket.on('message', (data) => {
    answers.push(String(data));
    if (messages.length > 0) socket.send(messages.shift());
    else socket.close(1000, 'enough');
  });
  socket.on('close', (code) => console.log(JSON.stringify({ answers, code })));
  socket.on('error', (error) => console.log(JSON.stringify({ error: error.message })));
}
