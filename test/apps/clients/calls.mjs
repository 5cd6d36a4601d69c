// The calls between the two sides of clients.mjs and server.mjs that need a server of the same library: gRPC
// without a .proto, its messages are JSON.

const json = {
  serialize: (value) => Buffer.from(JSON.stringify(value)),
  deserialize: (bytes) => JSON.parse(bytes.toString()),
};

const call = (path, stream) => ({
  path: `/shop.Prices/${path}`,
  requestStream: stream,
  responseStream: stream,
  requestSerialize: json.serialize,
  requestDeserialize: json.deserialize,
  responseSerialize: json.serialize,
  responseDeserialize: json.deserialize,
});

export const service = { ask: call('Ask', false), converse: call('Converse', true) };
