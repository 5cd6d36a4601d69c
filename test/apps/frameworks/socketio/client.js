// Asks the server once. In a pod of the cluster.
import { io } from 'socket.io-client';

const socket = io(`http://${process.argv.at(-1)}:8080`, { transports: ['websocket'] });

socket.emit('look', (seen) => {
  console.log(JSON.stringify(seen));
  socket.close();
});
