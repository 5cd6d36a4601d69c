// A gRPC service that says who answers, and a client of it. Messages are plain text.
//   node grpc.mjs serve HOST PORT NAME        node grpc.mjs call HOST PORT CALLS (JSON) [USER AGENT] - prints
// the results as JSON

import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';

const text = { serialize: (value) => Buffer.from(value), deserialize: (bytes) => bytes.toString() };
const method = (name, requestStream, responseStream) => ({
  path: `/shop.Shop/${name}`,
  requestStream,
  responseStream,
  requestSerialize: text.serialize,
  requestDeserialize: text.deserialize,
  responseSerialize: text.serialize,
  responseDeserialize: text.deserialize,
});
const service = {
  echo: method('echo', false, false),
  count: method('count', false, true),
  sum: method('sum', true, false),
  chat: method('chat', true, true),
  fail: method('fail', false, false),
  hang: method('hang', false, false),
  cancelled: method('cancelled', false, false),
};

const echoes = new Map();
/** How many calls of `echo` a service of this process has had. */
export const echoed = (name) => echoes.get(name) ?? 0;

export async function serve(host, port, name) {
  let cancelled = 0;
  const trailers = () => {
    const metadata = new grpc.Metadata();
    metadata.set('x-trailer', name);
    return metadata;
  };
  const server = new grpc.Server();
  server.addService(service, {
    echo: ({ request, metadata }, done) => {
      echoes.set(name, echoed(name) + 1);
      done(null, `${name} ${request} ${metadata.get('x-user')}`, trailers());
    },
    count: (call) => {
      for (let i = 0; i < Number(call.request); i++) call.write(`${name} ${i}`);
      call.end(trailers());
    },
    sum: (call, done) => {
      let bytes = 0;
      call.on('data', (chunk) => {
        bytes += chunk.length;
      });
      call.on('end', () => done(null, `${name} ${bytes}`));
    },
    chat: (call) => {
      call.on('data', (message) => call.write(`${name} ${message}`));
      call.on('end', () => call.end());
    },
    fail: (_call, done) => done({ code: grpc.status.NOT_FOUND, details: `${name} has none`, metadata: trailers() }),
    hang: (call) => {
      call.on('cancelled', () => {
        cancelled += 1;
      });
    },
    cancelled: (_call, done) => done(null, `${name} ${cancelled}`),
  });
  await new Promise((resolve, reject) =>
    server.bindAsync(`${host}:${port}`, grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return server;
}

/** One connection; calls are [method, argument, user], one after the other. */
async function call(host, port, calls, userAgent) {
  const Client = grpc.makeGenericClientConstructor(service, 'Shop');
  const client = new Client(`${host}:${port}`, grpc.credentials.createInsecure(), {
    ...(userAgent && { 'grpc.primary_user_agent': userAgent }),
  });
  const results = [];
  for (const [name, argument, user] of calls) {
    const metadata = new grpc.Metadata();
    if (user) metadata.set('x-user', user);
    results.push(await one(client, name, argument, metadata));
  }
  client.close();
  return results;
}

function one(client, name, argument, metadata) {
  return new Promise((resolve) => {
    const deadline = new Date(Date.now() + (name === 'hang' ? 300 : 5000));
    const got = [];
    let code;
    const done = (error, value) => {
      if (value !== undefined) got.push(value);
      code = error ? grpc.status[error.code] : 'OK';
      if (error) got.push(error.details);
    };
    const args = [metadata, { deadline }];
    let stream;
    if (name === 'count') stream = client.count(argument, ...args);
    else if (name === 'chat') stream = client.chat(...args);
    else if (name === 'sum') stream = client.sum(...args, done);
    else stream = client[name](argument, ...args, done);
    if (name === 'sum') {
      for (let sent = 0; sent < Number(argument); sent += 50_000) stream.write('x'.repeat(50_000));
      stream.end();
    }
    if (name === 'chat') {
      const words = argument.split(' ');
      stream.write(words.shift());
      stream.on('data', () => (words.length > 0 ? stream.write(words.shift()) : stream.end()));
    }
    if (name === 'chat' || name === 'count') {
      stream.on('data', (message) => got.push(message));
      stream.on('error', (error) => done(error));
    }
    stream.on('status', ({ code: number, metadata: trailers }) => {
      code = grpc.status[number];
      setImmediate(() => resolve({ code, got, trailer: trailers.get('x-trailer')[0] }));
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [what, host, port, last, userAgent] = process.argv.slice(2);
  if (what === 'serve') {
    await serve(host, port, last);
    console.log('ready');
  } else {
    console.log(JSON.stringify(await call(host, port, JSON.parse(last), userAgent)));
    process.exit();
  }
}
