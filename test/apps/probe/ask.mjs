// Asks name servers in every way that dns and dgram have, and prints the answers as one line of JSON.

import dgram from 'node:dgram';
import dns from 'node:dns/promises';
import { once } from 'node:events';

const [, , namespace] = process.argv;
const [server] = dns.getServers();
const name = `prices.${namespace}.svc.cluster.local`;
const came = {};

async function note(what, ask) {
  try {
    came[what] = await ask();
  } catch ({ code, errno, syscall, hostname, message }) {
    came[what] = { code, errno, syscall, hostname, message };
  }
}

came.servers = dns.getServers();
await note('resolve4 with ttl', () => dns.resolve4(name, { ttl: true }));
await note('resolve a short name', () => dns.resolve4('prices'));
await note('resolveMx', () => dns.resolveMx(name));
await note('resolveSrv', () => dns.resolveSrv(`_http._tcp.${name}`));
await note('resolveSoa of nothing', () => dns.resolveSoa('nothing.invalid'));
await note('reverse', () => dns.reverse(server));
await note('reverse of no address', () => dns.reverse('nothing'));
await note('lookupService', () => dns.lookupService(server, 53));
await note('an own Resolver', async () => {
  const resolver = new dns.Resolver();
  resolver.setServers([server]);
  return [resolver.getServers(), await resolver.resolve4(name)];
});

// The same question by hand: a header, the name as labels, type A, class IN (RFC 1035).
const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
const header = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
const question = Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])]);

await note('a datagram', async () => {
  const socket = dgram.createSocket('udp4');
  socket.send(question, 53, server);
  const [answer, { address, port, family }] = await once(socket, 'message', { signal: AbortSignal.timeout(5000) });
  socket.close();
  return [answer.readUInt16BE(0), [...answer.subarray(-4)].join('.'), address, port, family];
});
await note('datagrams of a connected socket', async () => {
  const socket = dgram.createSocket('udp4');
  socket.connect(53, server);
  await once(socket, 'connect');
  const peer = socket.remoteAddress();
  const answers = [];
  for (let i = 0; i < 20; i++) {
    socket.send(question);
    answers.push((await once(socket, 'message', { signal: AbortSignal.timeout(5000) }))[1].address);
  }
  socket.close();
  return [peer, new Set(answers).size];
});
await note('a datagram that is too long', async () => {
  const socket = dgram.createSocket('udp4');
  try {
    await new Promise((resolve, reject) => {
      socket.send(Buffer.alloc(70_000), 53, server, (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    socket.close();
  }
});

process.stdout.write(`${JSON.stringify(came)}\n`);
