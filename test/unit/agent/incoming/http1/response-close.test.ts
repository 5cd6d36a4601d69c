import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withClose } from '../../../../../agent/incoming/http1/response-close.ts';

const closing = (head: string) => withClose(Buffer.from(head, 'latin1')).toString('latin1');

test('the last answer says so, and is otherwise as it was', () => {
  assert.equal(
    closing('HTTP/1.1 200 OK\r\nX-a: \xe9\r\nContent-Length: 2\r\n\r\n'),
    'HTTP/1.1 200 OK\r\nX-a: \xe9\r\nContent-Length: 2\r\nConnection: close\r\n\r\n',
  );
  assert.equal(
    closing('HTTP/1.1 200 OK\r\nconnection: keep-alive\r\nA: b\r\nConnection: x\r\n\r\n'),
    'HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\n',
  );
});

test('one that says so already, or that is HTTP/1.0, is left alone', () => {
  for (const head of ['HTTP/1.1 200 OK\r\nConnection: Close\r\n\r\n', 'HTTP/1.0 200 OK\r\n\r\n']) {
    assert.equal(closing(head), head);
  }
});
