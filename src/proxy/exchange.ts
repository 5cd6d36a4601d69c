// How far an HTTP/1.1 connection is, as far as it takes to carry it over to a restarted program: whether all
// requests are answered, and what was sent and is not. What is not plainly a request and its answer (another
// protocol, an upgrade, pipelining, a long body) is `opaque` from there on, and ends with its program.

/** More than this is not kept for a second sending. */
const maxKeptBytes = 256 * 1024;

/** A request's head, when it came in one piece. */
const requestHead = /^(GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE) \S+ HTTP\/1\.1\r\n/;
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS']); // and safe: RFC 9110 section 9.2.1
const headEnd = '\r\n\r\n';
const lastChunk = '0\r\n\r\n';

type State = 'idle' | 'asked' | 'answering' | 'opaque';

export class Exchange {
  #state: State = 'idle';
  #isFirst = true;
  #method = '';
  /** The request that waits for its answer. */
  #sent: Buffer[] = [];
  #sentBytes = 0;
  /** Bytes of the answer's body that are to come; undefined: until the last chunk. */
  #missing: number | undefined;

  /** Nothing was said yet, or every request is answered in full: another program can go on in its place. */
  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  /**
   * What a second program is to be sent in place of the one that has gone; undefined when it cannot be.
   * @param unread the program had not read all of it: then nothing has happened yet, whatever was asked
   */
  toResend(unread: boolean): Buffer | undefined {
    if (this.#sentBytes === 0 || this.#sentBytes > maxKeptBytes) return undefined;
    if (this.#state === 'asked' && (unread || idempotent.has(this.#method))) return Buffer.concat(this.#sent);
    // Of a protocol that is not known, the first bytes of a connection can be sent again when nobody read them.
    return this.#state === 'opaque' && this.#isFirst && unread ? Buffer.concat(this.#sent) : undefined;
  }

  /** The client sent this. */
  sent(chunk: Buffer): void {
    if (this.#state === 'idle') this.#begin(chunk.toString('latin1', 0, 16 * 1024));
    else if (this.#state === 'answering') this.#state = 'opaque';
    this.#sentBytes += chunk.length;
    if (this.#sentBytes <= maxKeptBytes) this.#sent.push(chunk);
    else this.#sent = [];
  }

  /** The program answered this. */
  answered(chunk: Buffer): void {
    if (this.#state === 'asked') this.#beginAnswer(chunk);
    else if (this.#state === 'answering') this.#goOn(chunk, chunk.length);
    else this.#state = 'opaque'; // it speaks unasked
    this.#isFirst = false;
    this.#sent = [];
    this.#sentBytes = 0;
  }

  #begin(head: string): void {
    const [, method] = requestHead.exec(head) ?? [];
    const isPlain = method !== undefined && !/\r\n(upgrade|expect):/i.test(head);
    this.#state = isPlain ? 'asked' : 'opaque';
    this.#method = method ?? '';
  }

  #beginAnswer(chunk: Buffer): void {
    const end = chunk.indexOf(headEnd);
    const head = chunk.toString('latin1', 0, Math.max(end, 0));
    const [, status = ''] = /^HTTP\/1\.1 (\d{3})/.exec(head) ?? [];
    const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
    const isChunked = /\r\ntransfer-encoding: *chunked/i.test(head);
    const isBodyless = this.#method === 'HEAD' || status === '204' || status === '304';
    this.#missing = isBodyless ? 0 : isChunked ? undefined : Number(length);
    const isFramed = isBodyless || isChunked || length !== undefined;
    const isPlain = status >= '200' && isFramed && !/\r\nconnection: *close/i.test(head);
    this.#state = isPlain ? 'answering' : 'opaque';
    if (isPlain) this.#goOn(chunk, chunk.length - end - headEnd.length);
  }

  #goOn(chunk: Buffer, bodyBytes: number): void {
    if (this.#missing === undefined) {
      if (chunk.toString('latin1', Math.max(chunk.length - lastChunk.length, 0)) === lastChunk) this.#state = 'idle';
      return;
    }
    this.#missing -= bodyBytes;
    if (this.#missing <= 0) this.#state = this.#missing === 0 ? 'idle' : 'opaque';
  }
}
