// Splits the bytes of one direction of a connection into HTTP/1.1 messages without changing them: every byte that
// goes in comes out again, in order, as part of a head, of a body, or of what is no HTTP any more. Why not a parser
// from the registry: docs/decisions/0026.

import { Body } from './framing.ts';
import { HttpSyntaxError } from './head.ts';

export interface MessageHandler<Head> {
  /** @param bytes the whole head, with the empty line behind it */
  readonly onHead: (head: Head, bytes: Buffer) => void;
  /** @param isData content of the body, not its framing */
  readonly onBody: (bytes: Buffer, isData: boolean) => void;
  readonly onMessageEnd: () => void;
  /**
   * The bytes are no HTTP, or could be read in two ways: these and all later ones come here as they are. Also
   * behind a message that ends HTTP (an upgrade).
   */
  readonly onOpaque: (bytes: Buffer) => void;
}

type State = 'head' | 'body' | 'opaque';

/** A head that is longer is none: nobody's memory is to be filled with it. (Node's own limit is 16 KiB.) */
export const maxHeadBytes = 128 * 1024;

const maxPieces = 64;

const headEnd = Buffer.from('\r\n\r\n');
const nothing: Buffer = Buffer.alloc(0);

export class MessageParser<Head extends { readonly framing: ConstructorParameters<typeof Body>[0] }> {
  #read: (bytes: Buffer) => Head;
  #handler: MessageHandler<Head>;
  #state: State = 'head';
  #body: Body | undefined;
  #stopped = false;
  /** The pieces of a head that is not whole yet, their size, and the last bytes of them. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #tail: Buffer = nothing;
  #hasFirstLine = false;

  /** @param read of head.ts; may throw HttpSyntaxError */
  constructor(read: (bytes: Buffer) => Head, handler: MessageHandler<Head>) {
    this.#read = read;
    this.#handler = handler;
  }

  /** Bytes of a head that is not whole yet. */
  get heldBytes(): number {
    return this.#pieceBytes;
  }

  /** The first line of a message is there, and it is one. */
  get hasFirstLine(): boolean {
    return this.#hasFirstLine;
  }

  get isOpaque(): boolean {
    return this.#state === 'opaque';
  }

  /** No message has begun that is not over. */
  get isBetweenMessages(): boolean {
    return this.#state === 'head' && this.#pieceBytes === 0;
  }

  /** The message goes on until the connection ends. */
  get isEndless(): boolean {
    return this.#state === 'body' && this.#body?.isEndless === true;
  }

  /**
   * @returns how many bytes it has taken: all, unless a handler has called `stop`; the rest is to be pushed again,
   *   and an empty chunk if there is none
   */
  push(chunk: Buffer): number {
    let at = 0;
    this.#stopped = false;
    while (!this.#stopped && (at < chunk.length || this.#isAtMessageEnd)) {
      switch (this.#state) {
        case 'head':
          at = this.#takeHead(chunk, at);
          break;
        case 'body':
          at = this.#takeBody(chunk, at);
          break;
        case 'opaque':
          this.#handler.onOpaque(at === 0 ? chunk : chunk.subarray(at));
          at = chunk.length;
          break;
      }
    }
    return at;
  }

  /** For a handler: `push` returns, as soon as what it is at is done. */
  stop(): void {
    this.#stopped = true;
  }

  /** From here on nothing is parsed. What was held comes out. */
  becomeOpaque(): void {
    if (this.#state === 'opaque') return;
    this.#state = 'opaque';
    const held = this.#takePieces();
    if (held.length > 0) this.#handler.onOpaque(held);
  }

  #takeHead(chunk: Buffer, start: number): number {
    const end = this.#findHeadEnd(chunk, start);
    this.#keep(start === 0 && end === undefined ? chunk : chunk.subarray(start, end));
    if (this.#pieceBytes > maxHeadBytes || (end === undefined && !this.#canBecomeHead())) {
      this.becomeOpaque();
      return end ?? chunk.length;
    }
    if (end !== undefined) this.#finishHead();
    return end ?? chunk.length;
  }

  #finishHead(): void {
    const bytes = this.#takePieces();
    const head = this.#tryRead(bytes);
    if (head === undefined) {
      this.#state = 'opaque';
      this.#handler.onOpaque(bytes);
      return;
    }
    this.#body = new Body(head.framing);
    this.#state = 'body';
    this.#handler.onHead(head, bytes);
  }

  get #isAtMessageEnd(): boolean {
    return this.#state === 'body' && this.#body?.isOver === true;
  }

  #takeBody(chunk: Buffer, start: number): number {
    const body = this.#body;
    if (body === undefined) throw new Error('a body has a framing');
    let done = start;
    try {
      const end = body.take(chunk, start, (bytes, isData) => {
        done += bytes.length;
        this.#handler.onBody(bytes, isData);
      });
      if (body.isOver && !this.#stopped) this.#endMessage();
      return end;
    } catch (error) {
      if (!(error instanceof HttpSyntaxError)) throw error;
      this.#state = 'opaque';
      return done;
    }
  }

  #endMessage(): void {
    if (this.#state === 'body') this.#state = 'head';
    this.#handler.onMessageEnd();
  }

  #tryRead(bytes: Buffer): Head | undefined {
    try {
      return this.#read(bytes);
    } catch (error) {
      if (error instanceof HttpSyntaxError) return undefined;
      throw error;
    }
  }

  /** @returns where the bytes behind the empty line start */
  #findHeadEnd(chunk: Buffer, start: number): number | undefined {
    if (this.#tail.length > 0) {
      // It can stand across the border of two chunks.
      const seam = Buffer.concat([this.#tail, chunk.subarray(start, start + 3)]);
      const found = seam.indexOf(headEnd);
      if (found !== -1) return start + found + headEnd.length - this.#tail.length;
    }
    const found = chunk.indexOf(headEnd, start);
    return found === -1 ? undefined : found + headEnd.length;
  }

  #keep(bytes: Buffer): void {
    this.#pieces.push(bytes);
    // Who sends a head byte by byte does not get an object for each.
    if (this.#pieces.length > maxPieces) this.#pieces = [Buffer.concat(this.#pieces)];
    this.#pieceBytes += bytes.length;
    this.#tail = bytes.length >= 3 ? bytes.subarray(-3) : Buffer.concat([this.#tail, bytes]).subarray(-3);
  }

  #takePieces(): Buffer {
    const [first = nothing] = this.#pieces;
    const bytes = this.#pieces.length > 1 ? Buffer.concat(this.#pieces) : first;
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#tail = nothing;
    this.#hasFirstLine = false;
    return bytes;
  }

  /** Whether what is there can be the start of a head: what cannot is not held back any longer. */
  #canBecomeHead(): boolean {
    if (this.#hasFirstLine) return true;
    const [first = nothing] = this.#pieces;
    const line = firstLine(this.#pieces.length > 1 ? Buffer.concat(this.#pieces) : first);
    this.#hasFirstLine = line.endsWith('\r\n') && wholeLine.test(line);
    return this.#hasFirstLine || (!line.endsWith('\n') && startOfLine.test(line));
  }
}

/** Of a request or an answer. */
const wholeLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21-\x7e\x80-\xff]+ HTTP\/1\.[01]\r\n$|^HTTP\/1\.[01] [0-9]{3}/;
const startOfLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]*(?:$|[ /][\x20-\x7e\x80-\xff]*\r?$)/;

/** Up to and with its end, or as much as there is; without empty lines before it. */
function firstLine(bytes: Buffer): string {
  let start = 0;
  while (bytes[start] === 13 && bytes[start + 1] === 10) start += 2;
  const end = bytes.indexOf(10, start);
  return bytes.toString('latin1', start, end === -1 ? bytes.length : end + 1);
}
