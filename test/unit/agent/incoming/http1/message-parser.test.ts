import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readRequestHead, readResponseHead } from '../../../../../agent/incoming/http1/head.ts';
import { MessageParser, maxHeadBytes } from '../../../../../agent/incoming/http1/message-parser.ts';

type Part = readonly [kind: 'head' | 'data' | 'framing' | 'end' | 'opaque', text: string];

/** What comes of the bytes, cut into chunks of the given sizes (the last one repeated); equal parts joined. */
function parse(text: string, sizes: readonly number[] = [Number.MAX_SAFE_INTEGER], answers?: string): Part[] {
  const parts: Part[] = [];
  const add = (kind: Part[0], bytes: Buffer) => {
    const last = parts.at(-1);
    const joins = kind !== 'head' && last !== undefined && last[0] === kind;
    if (joins) parts[parts.length - 1] = [kind, last[1] + bytes.toString('latin1')];
    else parts.push([kind, bytes.toString('latin1')]);
  };
  const read = answers === undefined ? readRequestHead : (bytes: Buffer) => readResponseHead(bytes, answers);
  const parser = new MessageParser<ReturnType<typeof read>>(read, {
    onHead: (_head, bytes) => add('head', bytes),
    onBody: (bytes, isData) => add(isData ? 'data' : 'framing', bytes),
    onMessageEnd: () => parts.push(['end', '']),
    onOpaque: (bytes) => add('opaque', bytes),
  });
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[Math.min(i, sizes.length - 1)] ?? 1);
    assert.equal(parser.push(bytes.subarray(at, at + size)), Math.min(size, bytes.length - at));
    at += size;
  }
  if (parser.heldBytes > 0) parser.becomeOpaque();
  return parts;
}

const kinds = (parts: readonly Part[]) => parts.map(([kind]) => kind).join(' ');
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

test('a request is its head, its content and its end, as it came', () => {
  const head = 'POST /x?y HTTP/1.1\r\nhOsT:a\r\ncontent-LENGTH: 5\r\n\r\n';
  assert.deepEqual(parse(`${head}hello`), [
    ['head', head],
    ['data', 'hello'],
    ['end', ''],
  ]);
});

test('pipelined requests are one after the other', () => {
  assert.equal(kinds(parse(get + get + get)), 'head end head end head end');
});

test('a chunked body ends behind its trailers', () => {
  const head = 'POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n';
  const parts = parse(`${head}5;x="y"\r\nhello\r\n0\r\nDigest: z\r\n\r\n${get}`);
  assert.deepEqual(parts.slice(0, 5), [
    ['head', head],
    ['framing', '5;x="y"\r\n'],
    ['data', 'hello'],
    ['framing', '\r\n0\r\nDigest: z\r\n\r\n'],
    ['end', ''],
  ]);
  assert.equal(kinds(parts.slice(5)), 'head end');
});

test('an empty line before a request belongs to its head', () => {
  assert.deepEqual(parse(`\r\n${get}`), [
    ['head', `\r\n${get}`],
    ['end', ''],
  ]);
});

const ambiguous: Readonly<Record<string, string>> = {
  'two lengths': 'POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc',
  'a length and chunks': 'POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a coding that is not chunked last': 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n',
  'a length with a sign': 'POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\nabc',
  'a folded line': 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n',
  'a space before the colon': 'GET / HTTP/1.1\r\nContent-Length : 3\r\n\r\nabc',
  'a bare line feed': 'GET / HTTP/1.1\nHost: a\r\n\r\n',
  'a line feed in a value': 'GET / HTTP/1.1\r\nA: b\nContent-Length: 3\r\n\r\nabc',
  'HTTP 0.9': 'GET /\r\n\r\n',
  'HTTP 2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  TLS: '\x16\x03\x01\x02\x00\x01\x00',
  'a line of text': 'hello\n',
  'a redis command': '*1\r\n$4\r\nPING\r\n',
};
for (const [what, bytes] of Object.entries(ambiguous)) {
  test(`${what}: the bytes pass as they are, and at once`, () => {
    assert.deepEqual(parse(get + bytes + get).slice(2), [['opaque', bytes + get]]);
    for (let cut = 1; cut < bytes.length; cut++) {
      assert.deepEqual(parse(bytes, [cut]), [['opaque', bytes]], `cut at ${cut}`);
    }
  });
}

test('what is wrong inside of a body passes from there', () => {
  const head = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.deepEqual(parse(`${head}5\r\nhelloXX`), [
    ['head', head],
    ['framing', '5\r\n'],
    ['data', 'hello'],
    ['opaque', 'XX'],
  ]);
  assert.equal(kinds(parse(`${head}zz\r\nhello`)), 'head opaque');
});

test('a head that never ends is not kept', () => {
  const parts = parse(`GET / HTTP/1.1\r\nA: ${'a'.repeat(maxHeadBytes)}`, [1000]);
  assert.equal(kinds(parts), 'opaque');
});

const answer = (status: string, fields = '', body = '') => `HTTP/1.1 ${status}\r\n${fields}\r\n${body}`;

test('an answer ends by its length, its chunks, or with the connection', () => {
  const next = answer('200 OK', 'Content-Length: 0\r\n');
  const parsed = (text: string, method = 'GET') => kinds(parse(text + next, undefined, method));
  assert.equal(parsed(answer('200 OK', 'Content-Length: 2\r\n', 'ok')), 'head data end head end');
  assert.equal(parsed(answer('200', 'Transfer-Encoding: chunked\r\n', '0\r\n\r\n')), 'head framing end head end');
  assert.equal(parsed(answer('200 OK', '', 'all of it')), 'head data');
});

test('answers to HEAD, and 1xx, 204 and 304, have no body whatever they say', () => {
  const next = answer('200 OK', 'Content-Length: 0\r\n');
  const parsed = (text: string, method: string) => kinds(parse(text + next, undefined, method));
  for (const status of ['100 Continue', '204 No Content', '304 Not Modified']) {
    assert.equal(parsed(answer(status, 'Content-Length: 9\r\n'), 'GET'), 'head end head end');
  }
  assert.equal(parsed(answer('200 OK', 'Content-Length: 9\r\n'), 'HEAD'), 'head end head end');
});

test('behind a switch of protocols nothing is a message', () => {
  assert.equal(kinds(parse(answer('101 Switching Protocols', 'Upgrade: x\r\n', get), undefined, 'GET')), 'head data');
  assert.equal(kinds(parse(answer('200 OK', '', get), undefined, 'CONNECT')), 'head data');
});

test('whether an answer ends the connection is known', () => {
  const closes = (text: string) => readResponseHead(Buffer.from(text), 'GET').closes;
  assert.equal(closes(answer('200 OK', 'Content-Length: 2\r\n')), false);
  assert.equal(closes(answer('200 OK', 'Content-Length: 2\r\nConnection: x, Close\r\n')), true);
  assert.equal(closes(answer('200 OK')), true);
  assert.equal(closes('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n'), true);
  assert.equal(closes('HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n'), false);
});

test('a handler can stop the parser at a head, and it goes on from there', () => {
  const heads: string[] = [];
  let ends = 0;
  const parser = new MessageParser(readRequestHead, {
    onHead: (head) => {
      heads.push(head.target);
      parser.stop();
    },
    onBody: () => {},
    onMessageEnd: () => {
      ends += 1;
    },
    onOpaque: () => {},
  });
  const bytes = Buffer.from(get + get);
  assert.equal(parser.push(bytes), get.length);
  assert.deepEqual([heads.length, ends], [1, 0]);
  assert.equal(parser.push(bytes.subarray(get.length)), get.length);
  assert.deepEqual([heads.length, ends], [2, 1]);
  assert.equal(parser.push(Buffer.alloc(0)), 0);
  assert.equal(ends, 2);
});

const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,10}$/);
const fieldLine = fc.tuple(token, fc.stringMatching(/^[ -~]{0,20}$/)).map(([name, value]) => `X-${name}: ${value}\r\n`);
const content = fc.string({ unit: 'binary-ascii', maxLength: 40 });
const message = fc
  .tuple(fc.array(fieldLine, { maxLength: 4 }), fc.array(content, { maxLength: 3 }), fc.boolean())
  .map(([fields, contents, isChunked]) => {
    const start = `PUT /a HTTP/1.1\r\n${fields.join('')}`;
    const all = contents.join('');
    if (!isChunked) return `${start}Content-Length: ${all.length}\r\n\r\n${all}`;
    const chunks = contents.filter((chunk) => chunk !== '').map((c) => `${c.length.toString(16)}\r\n${c}\r\n`);
    return `${start}Transfer-Encoding: chunked\r\n\r\n${chunks.join('')}0\r\nX-Trailer: 1\r\n\r\n`;
  });

test('any messages, cut anywhere, have the same boundaries and lose no byte', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      (messages, sizes) => {
        const whole = parse(messages.join(''));
        assert.equal(whole.filter(([kind]) => kind === 'end').length, messages.length);
        assert.deepEqual(parse(messages.join(''), sizes), whole);
        assert.equal(whole.map(([, text]) => text).join(''), messages.join(''));
      },
    ),
  );
});

test('any bytes at all come out as they went in', () => {
  const bytes = fc.oneof(fc.string({ unit: 'binary-ascii' }), message).map((text) => text);
  fc.assert(
    fc.property(fc.array(bytes), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (texts, sizes) => {
      const text = texts.join('');
      assert.equal(
        parse(text, sizes)
          .map(([, part]) => part)
          .join(''),
        text,
      );
    }),
  );
});
