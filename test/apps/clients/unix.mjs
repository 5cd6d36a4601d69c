// The database on its unix sockets, one in the file system and an abstract one. Prints a line of JSON.

import net from 'node:net';
import pg from 'pg';

/** What PostgreSQL says to a request for TLS: N where there is none (its protocol's SSLRequest). */
function ask(path) {
  return new Promise((resolve) => {
    const socket = net.connect({ path });
    socket.on('connect', () => socket.write(Buffer.from('0000000804d2162f', 'hex')));
    socket.on('error', ({ code, syscall, address, message }) => resolve({ code, syscall, address, message }));
    socket.on('data', (data) => {
      socket.destroy();
      resolve([data.toString(), socket.remoteAddress, socket.remotePort]);
    });
  });
}

async function query() {
  const client = new pg.Client({ host: '/tmp', user: 'shop', password: 'shop', database: 'shop' });
  await client.connect();
  const { rows } = await client.query("select inet_server_addr() is null as unix, length(repeat('x', 300000))");
  await client.end();
  return rows;
}

const got = {
  path: await ask('/tmp/.s.PGSQL.5432'),
  abstract: await ask('\0shop/.s.PGSQL.5432'),
  nothing: await ask('/tmp/.s.PGSQL.1'),
  abstractNothing: await ask('\0shop/.s.PGSQL.1'),
  query: await query().catch(({ code }) => code),
};
process.stdout.write(`${JSON.stringify(got)}\n`);
