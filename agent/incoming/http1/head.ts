// The head of a message (RFC 9112): its first line and header lines, as text, and what they say about the body
// behind it. Strict where two readers could differ about where a message ends: then nobody may decide on what
// this reader believes, and the connection passes as it is.

import type { Framing } from './framing.ts';

/** The bytes are no HTTP/1.1 message, or one that could be read in two ways. */
export class HttpSyntaxError extends Error {}

export interface RequestHead {
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  /** `Name: value` each, in order, without line ends. */
  readonly lines: readonly string[];
  readonly framing: Framing;
  /** Asks for another protocol behind the answer: Upgrade, or CONNECT. */
  readonly upgrades: boolean;
}

export interface ResponseHead {
  readonly status: number;
  readonly lines: readonly string[];
  readonly framing: Framing;
  /** The connection is to be closed behind it. */
  readonly closes: boolean;
}

const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/;
const statusLine = /^HTTP\/1\.([01]) ([0-9]{3})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/;

/** @param bytes from the first line to the empty one; @throws HttpSyntaxError */
export function readRequestHead(bytes: Buffer): RequestHead {
  const [first = '', ...lines] = splitLines(bytes);
  const [, method, target] = requestLine.exec(first) ?? [];
  if (method === undefined || target === undefined) throw new HttpSyntaxError('no request line');
  const fields = readFields(lines);
  const isConnect = method === 'CONNECT';
  if (fields.isChunked === false) throw new HttpSyntaxError('a request of unknown length');
  const framing: Framing = fields.isChunked ? { kind: 'chunked' } : { kind: 'length', bytes: fields.length ?? 0 };
  return { method, target, lines, framing, upgrades: isConnect || fields.upgrades };
}

/**
 * @param method of the request that it answers
 * @throws HttpSyntaxError
 */
export function readResponseHead(bytes: Buffer, method: string): ResponseHead {
  const [first = '', ...lines] = splitLines(bytes);
  const [, minor, digits] = statusLine.exec(first) ?? [];
  if (digits === undefined) throw new HttpSyntaxError('no status line');
  const status = Number(digits);
  const fields = readFields(lines);
  const framing = responseFraming(status, method, fields);
  const isOld = minor === '0' && !fields.keepsAlive;
  return { status, lines, framing, closes: framing.kind === 'close' || fields.closes || isOld };
}

/** RFC 9112 section 6.3. */
function responseFraming(status: number, method: string, { isChunked, length }: Fields): Framing {
  if (status === 101 || (method === 'CONNECT' && status >= 200 && status < 300)) return { kind: 'tunnel' };
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return { kind: 'length', bytes: 0 };
  if (isChunked === true) return { kind: 'chunked' };
  if (isChunked === false || length === undefined) return { kind: 'close' };
  return { kind: 'length', bytes: length };
}

interface Fields {
  readonly length: number | undefined;
  /** False: there is a Transfer-Encoding that does not end with chunked. */
  readonly isChunked: boolean | undefined;
  readonly closes: boolean;
  readonly keepsAlive: boolean;
  readonly upgrades: boolean;
}

function readFields(lines: readonly string[]): Fields {
  let length: number | undefined;
  let isChunked: boolean | undefined;
  let closes = false;
  let keepsAlive = false;
  let upgrades = false;
  for (const line of lines) {
    const [, name, value] = headerLine.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new HttpSyntaxError('no header line');
    switch (name.length) {
      case 'content-length'.length:
        if (name.toLowerCase() !== 'content-length') break;
        if (length !== undefined) throw new HttpSyntaxError('two lengths');
        length = readLength(value);
        break;
      case 'transfer-encoding'.length:
        if (name.toLowerCase() !== 'transfer-encoding') break;
        if (isChunked !== undefined) throw new HttpSyntaxError('two transfer encodings');
        isChunked = /(?:^|,)[\t ]*chunked[\t ]*$/i.test(value);
        break;
      case 'connection'.length: {
        if (name.toLowerCase() !== 'connection') break;
        const options = value.toLowerCase().split(/[\t ]*,[\t ]*/);
        closes ||= options.some((option) => option.trim() === 'close');
        keepsAlive ||= options.some((option) => option.trim() === 'keep-alive');
        break;
      }
      case 'upgrade'.length:
        upgrades ||= name.toLowerCase() === 'upgrade';
        break;
    }
  }
  if (length !== undefined && isChunked !== undefined) throw new HttpSyntaxError('two ways to tell the length');
  return { length, isChunked, closes, keepsAlive, upgrades };
}

function readLength(value: string): number {
  const text = value.trimEnd();
  const length = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(length)) throw new HttpSyntaxError('no length');
  return length;
}

/** The lines of a head; empty lines before the first one, which RFC 9112 lets be, are left out. */
function splitLines(bytes: Buffer): string[] {
  let start = 0;
  while (bytes[start] === 13 && bytes[start + 1] === 10) start += 2;
  return bytes.toString('latin1', start, bytes.length - 4).split('\r\n');
}
