// Says whom it reaches at each place of its arguments, as one line of JSON: `tcp HOST:PORT`, `udp HOST:PORT`,
// `name HOST`, `unix PATH`. Who answers is the first line of the answer, or the code of an error.

import dgram from 'node:dgram';
import dns from 'node:dns/promises';
import net from 'node:net';

const request = 'GET / HTTP/1.0\r\n\r\n';

const ask = {
  tcp: (host, port) => answerOf(net.connect(Number(port), host)),
  unix: (path) => answerOf(net.connect(path.replace(/^@/, '\0'))),

  udp(host, port) {
    const socket = dgram.createSocket('udp4');
    return new Promise((resolve) => {
      socket.on('message', (data) => resolve(data.toString()));
      socket.send(request, Number(port), host);
      setTimeout(resolve, 500, 'nobody');
    }).finally(() => socket.close());
  },

  name: async (host) => (await dns.lookup(host)).address,
};

/** The last line of what comes, which is the body of a short HTTP answer. */
function answerOf(socket) {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject).on('end', () => resolve(text.trim().split('\n').at(-1)));
    socket.write(request);
  });
}

const reached = {};
for (const place of process.argv.slice(2)) {
  const [kind, where] = place.split(' ');
  const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(where);
  reached[place] = await ask[kind](host, port).catch(({ code }) => code);
}
process.stdout.write(`${JSON.stringify(reached)}\n`);
