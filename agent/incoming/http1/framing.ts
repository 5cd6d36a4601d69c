// Where the body of a message ends (RFC 9112 section 6): a small state machine that is given the bytes behind a
// head and says how many of the next ones belong to the message.

import { HttpSyntaxError } from './head.ts';

export type Framing =
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  /** Up to the end of the connection. */
  | { readonly kind: 'close' }
  /** No HTTP any more. */
  | { readonly kind: 'tunnel' };

type State =
  | { readonly name: 'data'; left: number; readonly next: 'end' | 'data-end' }
  | { readonly name: 'size'; line: string }
  | { readonly name: 'data-end'; left: number }
  | { readonly name: 'trailer'; line: string; total: number }
  | { readonly name: 'endless' }
  | { readonly name: 'end' };

/** Of a chunk's size with its extensions, and of all trailers. */
const maxLineBytes = 16 * 1024;
const maxTrailerBytes = 64 * 1024;

/** Bytes of a body: `isData` are its content, the others say how it is cut into chunks. */
export type OnBytes = (bytes: Buffer, isData: boolean) => void;

export class Body {
  #state: State;

  constructor(framing: Framing) {
    this.#state = initial(framing);
  }

  get isOver(): boolean {
    return this.#state.name === 'end';
  }

  /** It goes on until the connection ends. */
  get isEndless(): boolean {
    return this.#state.name === 'endless';
  }

  /**
   * Takes the bytes that belong to the body.
   * @returns where the rest starts, which is the end of `chunk` unless the body is over
   * @throws HttpSyntaxError
   */
  take(chunk: Buffer, start: number, onBytes: OnBytes): number {
    let at = start;
    while (at < chunk.length && this.#state.name !== 'end') {
      const state = this.#state;
      if (state.name === 'data') {
        const end = Math.min(chunk.length, at + state.left);
        onBytes(chunk.subarray(at, end), true);
        state.left -= end - at;
        at = end;
        if (state.left === 0) this.#state = state.next === 'end' ? { name: 'end' } : { name: 'data-end', left: 2 };
      } else if (state.name === 'endless') {
        onBytes(chunk.subarray(at), true);
        at = chunk.length;
      } else {
        const from = at;
        at = this.#takeFraming(state, chunk, at);
        onBytes(chunk.subarray(from, at), false);
      }
    }
    return at;
  }

  /** One line, or as much of it as is there. */
  #takeFraming(state: Exclude<State, { name: 'data' | 'endless' | 'end' }>, chunk: Buffer, start: number): number {
    if (state.name === 'data-end') {
      if (chunk[start] !== (state.left === 2 ? 13 : 10)) throw new HttpSyntaxError('no end of a chunk');
      state.left -= 1;
      if (state.left === 0) this.#state = { name: 'size', line: '' };
      return start + 1;
    }
    const found = chunk.indexOf(10, start);
    const end = found === -1 ? chunk.length : found + 1;
    state.line += chunk.toString('latin1', start, end);
    if (state.line.length > maxLineBytes) throw new HttpSyntaxError('a line that is too long');
    if (found !== -1) this.#state = state.name === 'size' ? afterSize(state.line) : afterTrailer(state);
    return end;
  }
}

function initial(framing: Framing): State {
  switch (framing.kind) {
    case 'length':
      return framing.bytes === 0 ? { name: 'end' } : { name: 'data', left: framing.bytes, next: 'end' };
    case 'chunked':
      return { name: 'size', line: '' };
    case 'close':
    case 'tunnel':
      return { name: 'endless' };
  }
}

function afterSize(line: string): State {
  const digits = /^([0-9A-Fa-f]{1,13})[\t ]*(?:;[^\r\n]*)?\r\n$/.exec(line)?.[1];
  if (digits === undefined) throw new HttpSyntaxError('no size of a chunk');
  const left = Number.parseInt(digits, 16);
  return left === 0 ? { name: 'trailer', line: '', total: 0 } : { name: 'data', left, next: 'data-end' };
}

function afterTrailer({ line, total }: { readonly line: string; readonly total: number }): State {
  if (!line.endsWith('\r\n') || total + line.length > maxTrailerBytes) throw new HttpSyntaxError('no trailer');
  return line === '\r\n' ? { name: 'end' } : { name: 'trailer', line: '', total: total + line.length };
}
