import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exchange } from '../../../src/proxy/exchange.ts';

const get = Buffer.from('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
const post = Buffer.from('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\nhi');
const answer = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nshop');

/** An exchange after these chunks: `>` from the client, `<` from the program. */
function after(...chunks: readonly (readonly ['>' | '<', Buffer | string])[]): Exchange {
  const exchange = new Exchange();
  for (const [way, chunk] of chunks) {
    if (way === '>') exchange.sent(Buffer.from(chunk));
    else exchange.answered(Buffer.from(chunk));
  }
  return exchange;
}

test('a request that nobody has read can be sent again, whatever its method', () => {
  assert.deepEqual(after(['>', post]).toResend(true), post);
  assert.deepEqual(after(['>', get], ['<', answer], ['>', post]).toResend(true), post);
});

test('a request that was read can be sent again when asking twice does no harm', () => {
  assert.deepEqual(after(['>', get]).toResend(false), get);
  assert.equal(after(['>', post]).toResend(false), undefined);
});

test('nothing is sent again once an answer has begun', () => {
  const begun = after(['>', get], ['<', answer.subarray(0, 40)]);
  assert.equal(begun.toResend(true), undefined);
  assert.equal(begun.isIdle, false);
});

test('a connection is idle when the answer is whole: by its length, its last chunk, or without a body', () => {
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nshop\r\n';
  const head = 'HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n';
  const whole = [
    after(),
    after(['>', get], ['<', answer]),
    after(['>', get], ['<', answer.subarray(0, 40)], ['<', answer.subarray(40)], ['>', post], ['<', answer]),
    after(['>', get], ['<', chunked], ['<', '0\r\n\r\n']),
    after(['>', head], ['<', answer.subarray(0, -4)]),
    after(['>', get], ['<', 'HTTP/1.1 304 Not Modified\r\n\r\n']),
  ];
  assert.deepEqual(
    whole.map(({ isIdle }) => isIdle),
    whole.map(() => true),
  );
  assert.equal(after(['>', get], ['<', chunked]).isIdle, false);
});

test('what is not plainly request and answer stays with its program', () => {
  const upgrade = 'GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
  const others = [
    after(['<', '220 mail\r\n']),
    after(['>', 'SSH-2.0'], ['<', 'SSH-2.0']),
    after(['>', upgrade], ['<', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'], ['>', 'frame']),
    after(['>', get], ['<', 'HTTP/1.1 200 OK\r\n\r\nuntil the end']),
    after(['>', get], ['<', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nshop']),
    after(['>', get], ['<', answer], ['<', answer]),
  ];
  for (const exchange of others) {
    assert.equal(exchange.isIdle, false);
    assert.equal(exchange.toResend(true), undefined);
  }
});

test('the first bytes of another protocol can be sent again when nobody has read them', () => {
  assert.deepEqual(after(['>', 'SSH-2.0']).toResend(true), Buffer.from('SSH-2.0'));
  assert.equal(after(['>', 'SSH-2.0']).toResend(false), undefined);
});

test('a body that is too long to be kept is not sent again', () => {
  assert.equal(after(['>', post], ['>', Buffer.alloc(300 * 1024)]).toResend(true), undefined);
});
