// Connects, looks up and sends in every way that net, dns and dgram have, and prints what happened, case by case, as
// one line of JSON. Beside peer.cjs in the pod, and on this machine through mirrord, it has to print the same.
//   node connect.mjs NAMESPACE ADDRESS_OF_THE_POD FIRST_FREE_ADDRESS (the last part, counted down)

import dgram from 'node:dgram';
import dns from 'node:dns';
import net from 'node:net';
import { promisify } from 'node:util';

const [, , namespace, podAddress, firstNobody] = process.argv;
const loopback = '127.0.0.1';
/** Nobody is there; and nobody has asked for it yet, since the network remembers for seconds who does not answer. */
let lastNobody = Number(firstNobody);
const nowhere = () => `10.244.1.${lastNobody--}`;
const limitMs = 8_000;
const seen = {};

const partsOf = ({ code, errno, syscall, address, port, hostname, message, name }) =>
  Object.fromEntries(
    Object.entries({ name, code, errno, syscall, hostname, address, port, message }).filter(([, v]) => v !== undefined),
  );

async function note(what, look) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, limitMs, 'never ended');
  });
  try {
    seen[what] = await Promise.race([look(), late]);
  } catch (error) {
    seen[what] = { ...partsOf(error), ...(error.errors && { errors: error.errors.map(partsOf) }) };
  }
  clearTimeout(timer);
}

/** The events of a socket until it closes, in order, with what matters of each. */
function traced(socket) {
  const events = [];
  for (const event of [
    'lookup',
    'connectionAttempt',
    'connectionAttemptFailed',
    'connect',
    'ready',
    'timeout',
    'end',
    'finish',
  ]) {
    socket.on(event, () => events.push(event));
  }
  socket.on('error', (error) => events.push(['error', partsOf(error)]));
  return new Promise((resolve) => socket.on('close', (hadError) => resolve([...events, ['close', hadError]])));
}

const dial = (options) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(options, () => resolve(socket.off('error', reject)));
    socket.once('error', reject);
  });
const textOf = async (socket) => {
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += chunk;
  return text;
};
const echoPort = 27001;
const to = (port, more) => ({ port, host: loopback, ...more });

// Connecting and ending.
await note('echo', async () => {
  const socket = net.connect(to(echoPort));
  const events = traced(socket.resume());
  socket.end('hello');
  return [await events, socket.bytesRead, socket.bytesWritten];
});
await note('events of a connect by name', async () =>
  traced(net.connect({ port: echoPort, host: 'localhost', family: 4 }).end().resume()),
);
await note('the server ends first', () => traced(net.connect(to(27003)).resume()));
await note('the server ends first, allowHalfOpen', async () => {
  const socket = net.connect(to(27003, { allowHalfOpen: true })).resume();
  const events = traced(socket);
  await new Promise((resolve) => socket.once('end', resolve));
  const state = [socket.readyState, socket.writable];
  socket.end('late');
  return [state, await events];
});
await note('answered behind our end', async () => {
  const socket = net.connect(to(27004, { allowHalfOpen: true }));
  socket.end('x');
  return textOf(socket);
});
await note('reset by the server', async () => {
  const socket = net.connect(to(27002)).resume();
  const events = traced(socket);
  socket.write('x');
  return events;
});
await note('reset by the server at once', async () => {
  const events = await traced(net.connect(to(27006)).resume());
  return events.at(-1);
});
await note('three megabytes', async () => {
  const socket = await dial(to(27008));
  const { length } = await textOf(socket);
  return [length, socket.bytesRead];
});
await note('a megabyte there and back', async () => {
  const socket = await dial(to(echoPort));
  socket.end(Buffer.alloc(1_000_000, 'y'));
  const { length } = await textOf(socket);
  return [length, socket.bytesWritten];
});
await note('written before the connect', async () => {
  const socket = net.connect(to(echoPort));
  const before = [socket.connecting, socket.pending, socket.readyState, socket.remoteAddress, socket.write('early')];
  socket.end();
  return [before, await textOf(socket)];
});
await note('addresses', async () => {
  const socket = await dial(to(echoPort));
  const { remoteAddress, remotePort, remoteFamily, localAddress, localFamily, readyState } = socket;
  const { address, family } = socket.address();
  socket.destroy();
  await new Promise((resolve) => socket.once('close', resolve));
  return [
    remoteAddress,
    remotePort,
    remoteFamily,
    localAddress,
    localFamily,
    readyState,
    address,
    family,
    socket.remoteAddress,
    socket.localPort,
  ];
});
await note('addresses of IPv6', async () => {
  const socket = await dial({ port: echoPort, host: '::1' });
  const { remoteAddress, remoteFamily, localAddress, localFamily } = socket;
  socket.destroy();
  return [remoteAddress, remoteFamily, localAddress, localFamily];
});
await note('local port is the one that the server sees', async () => {
  const socket = await dial(to(27010));
  const { localPort } = socket;
  return (await textOf(socket)) === String(localPort);
});
await note('seen by the server', async () => textOf(await dial(to(27007))));
await note('local address outside', async () => {
  const socket = await dial({ port: 80, host: 'prices' });
  const { localAddress, remotePort } = socket;
  socket.destroy();
  return [localAddress === podAddress, remotePort];
});
await note('an own address', async () => textOf(await dial(to(27007, { localAddress: '127.0.0.5' }))));
await note('an own port', async () => textOf(await dial(to(27010, { localPort: 27_100 }))));
await note("the pod's own address", async () => {
  const socket = await dial({ port: 80, host: 'prices', localAddress: podAddress });
  const { localAddress } = socket;
  socket.destroy();
  return localAddress === podAddress;
});

// Failing to connect.
for (const host of [loopback, '::1']) await note(`refused ${host}`, () => traced(net.connect({ port: 27_099, host })));
await note('refused outside', async () =>
  dial({ port: 27_099, host: podAddress }).catch(({ code, syscall, port }) => [code, syscall, port]),
);
await note('unreachable', () => traced(net.connect({ port: 80, host: '2001:db8::1' })));
await note('nobody there', async () => {
  const socket = net.connect({ port: 80, host: nowhere(), timeout: 300 });
  socket.on('timeout', () => socket.destroy());
  return traced(socket);
});
await note('no such name', () => traced(net.connect({ port: 80, host: 'nothing.invalid' })));
await note('a port that is none', () => dial({ port: 70_000, host: loopback }));
await note('port 0', () => traced(net.connect({ port: 0, host: loopback })));
await note('destroyed while it connects', async () => {
  const socket = net.connect({ port: 80, host: nowhere() });
  const events = traced(socket);
  setTimeout(() => socket.destroy(), 50);
  return events;
});
await note('destroyed with an error while it connects', async () => {
  const socket = net.connect(to(echoPort));
  const events = traced(socket);
  socket.destroy(new Error('mine'));
  return events;
});
await note('aborted by a signal', async () => {
  const abort = new AbortController();
  const events = traced(net.connect({ port: 80, host: nowhere(), signal: abort.signal }));
  setTimeout(() => abort.abort(), 50);
  return events;
});
await note('aborted before', async () => traced(net.connect(to(echoPort, { signal: AbortSignal.abort() }))));
await note('happy eyeballs, the second answers', async () => {
  const lookup = (_host, _options, done) =>
    done(null, [
      { address: '::1', family: 6 },
      { address: loopback, family: 4 },
    ]);
  const socket = await dial({ port: 27_011, host: 'two', lookup, autoSelectFamily: true }).catch((error) => error);
  return [partsOf(socket), socket.errors?.map(partsOf)];
});
await note('happy eyeballs, IPv6 first', async () => {
  const lookup = (_host, _options, done) =>
    done(null, [
      { address: '2001:db8::1', family: 6 },
      { address: loopback, family: 4 },
    ]);
  const socket = await dial({ port: echoPort, host: 'two', lookup, autoSelectFamily: true });
  const got = [socket.remoteAddress, socket.autoSelectFamilyAttemptedAddresses];
  socket.destroy();
  return got;
});
await note('happy eyeballs off', async () => {
  const lookup = (_host, options, done) =>
    options.all ? done(null, [{ address: loopback, family: 4 }]) : done(null, loopback, 4);
  const socket = await dial({ port: echoPort, host: 'one', lookup, autoSelectFamily: false });
  socket.destroy();
  return socket.autoSelectFamilyAttemptedAddresses;
});

// What a socket can be told.
await note('timeout of a silent server', async () => {
  const socket = net.connect(to(27005));
  const events = traced(socket);
  socket.setTimeout(100, () => socket.destroy());
  return [socket.timeout, await events];
});
await note('options', async () => {
  const socket = await dial(to(echoPort, { noDelay: true, keepAlive: true, keepAliveInitialDelay: 1000 }));
  const same = [
    socket.setNoDelay(),
    socket.setKeepAlive(true, 500),
    socket.setTimeout(0),
    socket.ref(),
    socket.unref(),
  ];
  const text = textOf(socket);
  socket.end('still there');
  return [same.every((each) => each === socket), await text];
});
await note('paused and resumed', async () => {
  const socket = await dial(to(27008));
  socket.pause();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const paused = [socket.isPaused(), socket.bytesRead < 3_000_000];
  return [paused, (await textOf(socket)).length];
});
await note('resetAndDestroy', async () => {
  const socket = await dial(to(echoPort));
  const events = traced(socket);
  socket.resetAndDestroy();
  return events;
});
await note('resetAndDestroy while it connects', async () => traced(net.connect(to(echoPort)).resetAndDestroy()));
await note('written behind the end', async () => {
  const socket = await dial(to(echoPort));
  socket.end();
  return new Promise((resolve) => socket.on('error', (error) => resolve(partsOf(error))).write('late'));
});
await note('written to a socket that was destroyed', async () => {
  const socket = await dial(to(echoPort));
  socket.destroy();
  return new Promise((resolve) => socket.write('late', (error) => resolve(partsOf(error))));
});
await note('destroySoon', async () => {
  const socket = await dial(to(echoPort));
  const events = traced(socket);
  socket.write('last');
  socket.destroySoon();
  return events;
});
await note('onread', async () => {
  const sizes = [];
  await new Promise((resolve) => {
    const onread = { buffer: Buffer.alloc(8), callback: (count) => sizes.push(count) };
    net.connect(to(27003, { onread })).on('close', resolve);
  });
  return sizes.reduce((sum, size) => sum + size, 0);
});
await note('used again', async () => {
  const socket = new net.Socket();
  const texts = [];
  for (let i = 0; i < 2; i++) {
    socket.connect(to(27003));
    texts.push(await new Promise((resolve) => socket.once('data', (data) => resolve(data.toString()))));
    await new Promise((resolve) => socket.once('close', resolve));
  }
  return texts;
});
await note('a unix socket that is not there', () => traced(net.connect('/nothing/there.sock')));

// Names.
const lookup = promisify(dns.lookup);
const service = `prices.${namespace}.svc.cluster.local`;
const looks = [
  ['prices'],
  ['prices', 4],
  ['prices', { family: 4, all: true }],
  ['prices', { family: 6 }],
  ['prices', { all: true }],
  ['prices', { all: true, verbatim: true }],
  ['prices', { all: true, verbatim: false }],
  ['prices', { family: 6, hints: dns.V4MAPPED }],
  ['prices', { family: 6, hints: dns.V4MAPPED | dns.ALL, all: true }],
  ['prices', { hints: dns.ADDRCONFIG, all: true }],
  ['prices', { family: 'IPv4' }],
  ['PRICES'],
  [service],
  [`${service}.`],
  ['localhost'],
  ['localhost', { all: true }],
  ['localhost', { family: 6 }],
  ['localhost', { all: true, order: 'ipv4first' }],
  ['127.1'],
  ['2130706433'],
  ['0x7f.1'],
  ['127.0.0.1', { all: true }],
  ['::1'],
  ['::ffff:1.2.3.4'],
  [''],
  ['a..b'],
  ['nothing.invalid'],
  ['nothing.invalid', { all: true }],
  ['-x.invalid'],
  ['x'.repeat(64)],
  [`${'x.'.repeat(200)}invalid`],
  ['ümlaut.invalid'],
];
for (const args of looks) {
  await note(`lookup ${JSON.stringify(args)}`, () => lookup(...args));
  await note(`promises.lookup ${JSON.stringify(args)}`, () => dns.promises.lookup(...args));
}
for (const [method, ...names] of [
  ['resolve4', service, 'prices', 'nothing.invalid', 'a..b', '', 'x'.repeat(64)],
  ['resolve6', service],
  ['resolveCname', service],
  ['resolveMx', service],
  ['resolveNs', service],
  ['resolveTxt', service],
  ['resolvePtr', service],
  ['resolveNaptr', service],
  ['resolveCaa', service],
  ['resolveSrv', `_http._tcp.${service}`, service],
  ['resolveSoa', service, 'nothing.invalid'],
  ['resolveAny', service],
  ['resolve', service],
  ['reverse', '10.96.0.10', '10.96.0.254', 'nothing', '::1', '127.0.0.1'],
]) {
  for (const name of names) await note(`${method} ${name}`, () => dns.promises[method](name));
}
await note('callback form', () => promisify(dns.resolve4)(service));
await note('callback form of an error', () => promisify(dns.resolveMx)('nothing.invalid'));
await note('servers', () => [dns.getServers(), new dns.Resolver().getServers()]);
await note('a Resolver with a server', async () => {
  const resolver = new dns.promises.Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers(dns.getServers());
  return [resolver.getServers(), await resolver.resolve4(service)];
});
await note('a Resolver without an answer', async () => {
  const resolver = new dns.promises.Resolver({ timeout: 300, tries: 1 });
  resolver.setServers([`${loopback}:27005`]);
  return resolver.resolve4(service);
});
await note('a Resolver that nobody hears', async () => {
  const resolver = new dns.promises.Resolver({ timeout: 300, tries: 1 });
  resolver.setServers([`${nowhere()}:53`]);
  return resolver.resolve4(service);
});
await note('a Resolver that is cancelled', async () => {
  const resolver = new dns.promises.Resolver({ timeout: 5000, tries: 1 });
  resolver.setServers([`${nowhere()}:53`]);
  const asked = resolver.resolve4(service);
  setTimeout(() => resolver.cancel(), 50);
  return asked;
});
await note('setServers of what is none', () => new dns.Resolver().setServers(['nothing']));
await note('lookupService', async () => [
  await dns.promises.lookupService('10.96.0.10', 53),
  await dns.promises.lookupService(loopback, 22),
]);
await note('lookupService of nobody', () => dns.promises.lookupService('10.96.0.254', 1));

// Datagrams.
const udp = (type = 'udp4') => dgram.createSocket(type);
const bound = (socket, ...args) =>
  new Promise((resolve, reject) =>
    socket.once('error', reject).bind(...args, () => resolve(socket.off('error', reject))),
  );
const sent = (socket, ...args) =>
  new Promise((resolve, reject) => socket.send(...args, (error, bytes) => (error ? reject(error) : resolve(bytes))));
const heard = (socket) =>
  new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('message', (data, { address, port, family, size }) =>
      resolve([data.toString(), address, port, family, size]),
    );
  });
async function withUdp(look, type) {
  const socket = udp(type);
  try {
    return await look(socket);
  } finally {
    try {
      socket.close();
    } catch {}
  }
}
const errorOf = (call) => {
  try {
    return call();
  } catch (error) {
    return partsOf(error);
  }
};
await note('a datagram and its answer', () =>
  withUdp(async (socket) => {
    const bytes = await sent(socket, 'hello', echoPort, loopback);
    return [bytes, await heard(socket)];
  }),
);
await note('several buffers and an offset', () =>
  withUdp(async (socket) => {
    const bytes = [await sent(socket, [Buffer.from('ab'), 'cd'], echoPort, loopback), await heard(socket)];
    return [bytes, await sent(socket, Buffer.from('abcdef'), 2, 3, echoPort, loopback), await heard(socket)];
  }),
);
await note('two peers of one socket', () =>
  withUdp(async (socket) => {
    await sent(socket, 'x', echoPort, loopback);
    const first = await heard(socket);
    await sent(socket, 'x', 27_002, loopback);
    return [first, await heard(socket)];
  }),
);
await note('a peer by name', () =>
  withUdp(async (socket) => [await sent(socket, 'x', echoPort, 'localhost'), await heard(socket)]),
);
await note('a peer without a name', () => withUdp((socket) => sent(socket, 'x', 1, 'nothing.invalid')));
await note('an empty datagram', () =>
  withUdp(async (socket) => [await sent(socket, '', echoPort, loopback), await heard(socket)]),
);
await note('a large datagram', () =>
  withUdp(async (socket) => {
    const asked = heard(socket);
    await sent(socket, 'z'.repeat(60_000), echoPort, loopback);
    return (await asked)[4];
  }),
);
await note('too large a datagram', () => withUdp((socket) => sent(socket, Buffer.alloc(70_000), echoPort, loopback)));
await note('three answers', () =>
  withUdp(async (socket) => {
    const came = [];
    const all = new Promise((resolve) => socket.on('message', (data) => came.push(String(data)) === 3 && resolve()));
    await sent(socket, 'thrice', echoPort, loopback);
    await all;
    return came;
  }),
);
await note('connected', () =>
  withUdp(async (socket) => {
    await new Promise((resolve) => socket.connect(echoPort, loopback, resolve));
    const { address, port, family } = socket.remoteAddress();
    const bytes = await sent(socket, 'x');
    return [address, port, family, bytes, await heard(socket), socket.address().address];
  }),
);
await note('connected, with an address', () =>
  withUdp(async (socket) => {
    await new Promise((resolve) => socket.connect(echoPort, loopback, resolve));
    return sent(socket, 'x', 1, loopback);
  }),
);
await note('connected twice', () =>
  withUdp(async (socket) => {
    await new Promise((resolve) => socket.connect(echoPort, loopback, resolve));
    return errorOf(() => socket.connect(echoPort, loopback));
  }),
);
await note('connected by a name that is none', () =>
  withUdp(
    (socket) =>
      new Promise((resolve, reject) =>
        socket.connect(1, 'nothing.invalid', (error) => (error ? reject(error) : resolve())),
      ),
  ),
);
await note('disconnected', () =>
  withUdp(async (socket) => {
    await new Promise((resolve) => socket.connect(echoPort, loopback, resolve));
    socket.disconnect();
    const gone = errorOf(() => socket.remoteAddress());
    return [gone, errorOf(() => socket.disconnect()), await sent(socket, 'x', 27_002, loopback), await heard(socket)];
  }),
);
await note('connected to nobody', () =>
  withUdp(async (socket) => {
    await new Promise((resolve) => socket.connect(27_099, loopback, resolve));
    const failed = heard(socket);
    await sent(socket, 'x').catch(() => {});
    return failed;
  }),
);
await note('not connected, to nobody', () => withUdp(async (socket) => sent(socket, 'x', 27_099, loopback)));
await note('without a port', () => withUdp((socket) => sent(socket, 'x')));
await note('port 0', () => withUdp((socket) => errorOf(() => socket.send('x', 0, loopback))));
await note('bound', () =>
  withUdp(async (socket) => {
    await bound(socket, 0, loopback);
    const { address, family, port } = socket.address();
    await sent(socket, 'who', echoPort, loopback);
    return [address, family, port > 0, await heard(socket)];
  }),
);
await note('bound twice', () =>
  withUdp(async (socket) => {
    await bound(socket, 0);
    return errorOf(() => socket.bind(0));
  }),
);
await note('bound to nobody’s address', () => withUdp((socket) => bound(socket, 0, '192.0.2.1')));
await note('bound to an address in use', () =>
  withUdp(async (socket) => {
    await bound(socket, 27_101, loopback);
    return withUdp((other) => bound(other, 27_101, loopback));
  }),
);
await note('itself', () =>
  withUdp(async (socket) => {
    await bound(socket, 0, loopback);
    await sent(socket, 'me', socket.address().port, loopback);
    const [text, address, port] = await heard(socket);
    return [text, address, port === socket.address().port];
  }),
);
await note('IPv6', () =>
  withUdp(async (socket) => {
    await bound(socket, 0, '::1');
    return socket.address().family;
  }, 'udp6'),
);
await note('options of a datagram socket', () =>
  withUdp(async (socket) => {
    await bound(socket, 0);
    return [
      errorOf(() => socket.setBroadcast(true)),
      errorOf(() => socket.setTTL(64)),
      errorOf(() => socket.setMulticastTTL(2)),
      errorOf(() => socket.setMulticastLoopback(true)),
      errorOf(() => socket.setTTL(0)),
      errorOf(() => socket.addMembership('10.0.0.1')),
      socket.getSendBufferSize() > 0,
    ];
  }),
);
await note('without broadcast', () => withUdp((socket) => sent(socket, 'x', echoPort, '255.255.255.255')));
await note('closed', () =>
  withUdp(async (socket) => {
    const closed = new Promise((resolve) => socket.close(resolve));
    await closed;
    return errorOf(() => socket.send('x', 1, loopback));
  }),
);
await note('aborted', () => {
  const abort = new AbortController();
  const socket = dgram.createSocket({ type: 'udp4', signal: abort.signal });
  abort.abort();
  return new Promise((resolve) => socket.on('close', () => resolve('closed')));
});

process.stdout.write(`${JSON.stringify(seen)}\n`, () => process.exit(0));
