import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeRequest, type MessageName } from '../../../src/protocol/schema.ts';
import { compile, noCompiler } from './compile.ts';

test('what C writes is read as what was meant', { skip: noCompiler }, () => {
  const lines = compile('messages')(['write']).trim().split('\n');
  const read = Object.fromEntries(
    lines.map((line) => {
      const [name, hex] = line.split(' ') as [MessageName, string];
      return [name, decodeRequest(name, Buffer.from(hex, 'hex'))];
    }),
  );
  assert.deepEqual(read, {
    hello: { major: 1, minor: 2, role: 'layer', version: 'v', token: 'token', layer: 7 },
    openFile: { path: Buffer.from('/data/ä'), flags: 0x80000001, mode: 0o644, prefetchBytes: 128000 },
    readFile: { handle: 9, length: 4096, position: -1n },
    writeFile: { handle: 9, position: 2n ** 40n, data: Buffer.from([0, 1, 2]) },
    setTimes: { path: Buffer.from('/x'), atimeNs: -5n, mtimeNs: 1234567890123456789n, follow: true },
    decidePath: {
      path: Buffer.from('/p'),
      write: true,
      home: Buffer.from('/home'),
      temporary: Buffer.from('/tmp'),
      roots: [Buffer.from('/a'), Buffer.from('/b c')],
    },
    connectFrom: { port: 40000, to: { host: '10.0.0.1', port: 443 }, padding: 70000, wait: true },
  });
});

test('no bytes, however wrong, lead a reader out of its message', { skip: noCompiler }, () => {
  const run = compile('messages');
  for (const seed of [1, 2, 3]) assert.match(run(['fuzz', String(seed)]), /^\d+\n$/);
});
