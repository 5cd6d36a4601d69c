import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHttp2, isHttp2Settings, isTls } from '../../../../agent/incoming/detect.ts';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

test("HTTP/2 is known by the client's first line, and by the server's first frame", () => {
  assert.ok(isHttp2(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')));
  assert.ok(!isHttp2(Buffer.from('PRI * HTTP/2.0')));
  assert.ok(isHttp2Settings(bytes('000000 04 00 00000000'))); // empty, as some servers send it
  assert.ok(isHttp2Settings(bytes('000006 04 00 00000000 0003 00000064')));
  assert.ok(!isHttp2Settings(bytes('000000 04 01 00000000'))); // an acknowledgement
  assert.ok(!isHttp2Settings(Buffer.from('220 mail ready\r\n')));
  assert.ok(!isHttp2Settings(bytes('0000')));
});

test('TLS is known by its first record', () => {
  assert.ok(isTls(bytes('16 0301 0005')));
  assert.ok(!isTls(Buffer.from('GET / HTTP/1.1')));
});
