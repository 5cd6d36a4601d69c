// Reading a regular file of the pod that is open for reading only: who reads it from front to back gets what comes
// next with fewer and fewer round trips, who reads here and there gets what is asked for and no more. Memory is
// bounded by `maxAheadBytes` for each open file.
//
// What is read ahead is used once, within `freshMs`, and not after this thread has changed a file; so it is never
// older than a read that had been made a moment earlier (docs/decisions/0034).

import type { ReplyOf, Stat } from '../../src/protocol/schema.ts';
import { codeOf, systemError } from '../errors.ts';
import type { Session } from '../session.ts';
import { Filling } from './filling.ts';
import { generation } from './generation.ts';
import type { Position } from './shared.ts';

/** Small enough that other calls do not wait long behind one, large enough that its own cost is nothing. */
const pieceBytes = 256 * 1024;
/** Of the first read that goes on where the last one ended; twice as much each time. */
const firstAheadBytes = 16 * 1024;
/** What an 80 ms link carries in one round trip at 50 MB/s. */
const maxAheadBytes = 4 * 1024 * 1024;
/** Who has read this much from front to back will go on: what comes next is asked for before it is wanted. */
const steadyBytes = 64 * 1024;
const freshMs = 1000;

/** A part of the file that was asked for. */
interface Piece {
  readonly start: number;
  readonly asked: number;
  readonly generation: number;
  /** Set when it is there. Shorter than asked: the file ended there. */
  data?: Buffer;
  arrivedMs?: number;
  error?: Error;
  /** Of one that is on its way. */
  settled?: Promise<void>;
}

export class Reader {
  #session: Session;
  #handle: number;
  #opened: { readonly stat: Stat; readonly ms: number; readonly generation: number } | undefined;
  /** The file's size when it was opened: what is beyond is asked for only by who wants it. */
  #size: number;
  /** Where the descriptor stands, which reads without a position take and move. */
  #position: Position = { value: 0 };
  /** Where the reading from front to back began, and where it goes on. */
  #began = 0;
  #next = 0;
  #aheadBytes = 0;
  /** What is known or on its way, in order and without gaps. */
  #pieces: Piece[] = [];
  /** The end of the last read that was elsewhere: who goes on from there, reads from front to back there. */
  #elsewhere = -1;
  /** Reads that move the position wait for each other. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @param opened with the file's first bytes */
  constructor(session: Session, { handle, data, stat }: ReplyOf<'openFile'>) {
    this.#session = session;
    this.#handle = handle;
    this.#size = Number(stat.size);
    this.#opened = { stat, ms: Date.now(), generation: generation() };
    const head = { start: 0, asked: data.length, generation: generation() };
    // A copy: the answer's buffer is that of several frames.
    if (data.length > 0) this.#pieces.push(arrived(head, Buffer.from(data)));
  }

  /** From now on the position is here, where others see it. */
  standAt(position: Position): void {
    this.#position = position;
  }

  /** Reads as read(2) or, with a position of 0 or more, pread(2). @returns how many bytes; 0 is the file's end */
  readSync(targets: readonly Uint8Array[], position: number): number {
    const at = position < 0 ? this.#position.value : position;
    const filling = new Filling(targets, at);
    const isNext = this.#begin(at);
    while (filling.left > 0) {
      const piece = this.#pieceAt(filling.at);
      if (piece?.data === undefined) {
        // One that is on its way comes another way, which cannot be waited for here.
        if (piece !== undefined) this.#pieces = [];
        this.#askSync(this.#plan(filling, isNext));
      } else if (!this.#use(piece, filling)) break;
    }
    this.#end(filling, isNext);
    if (position < 0) this.#position.value = filling.at;
    return filling.count;
  }

  /** The asynchronous form. */
  read(targets: readonly Uint8Array[], position: number): Promise<number> {
    if (position >= 0) return this.#read(targets, position);
    const read = async () => {
      const at = this.#position.value;
      const count = await this.#read(targets, at);
      this.#position.value = at + count;
      return count;
    };
    const turn = this.#turn.then(read, read);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** The stat that came with the open, once and while it is fresh: who asks for it then has just opened the file. */
  takeStat(): Stat | undefined {
    const opened = this.#opened;
    this.#opened = undefined;
    if (opened === undefined || opened.generation !== generation()) return undefined;
    return Date.now() - opened.ms > freshMs ? undefined : opened.stat;
  }

  /** All from the position to the end. */
  *restSync(): Generator<Buffer, void> {
    for (;;) {
      const left = Math.max(this.#size + 1 - this.#position.value, pieceBytes);
      const chunk = Buffer.allocUnsafe(Math.min(left, maxAheadBytes));
      const count = this.readSync([chunk], -1);
      if (count === 0) return;
      yield chunk.subarray(0, count);
    }
  }

  async #read(targets: readonly Uint8Array[], at: number): Promise<number> {
    const filling = new Filling(targets, at);
    const isNext = this.#begin(at);
    while (filling.left > 0) {
      const piece = this.#pieceAt(filling.at);
      if (piece === undefined) this.#ask(this.#plan(filling, isNext));
      else if (piece.data === undefined) await piece.settled;
      else if (!this.#use(piece, filling)) break;
    }
    this.#end(filling, isNext);
    if (isNext) this.#goOn();
    return filling.count;
  }

  /** @returns whether this read goes on where the last one ended */
  #begin(at: number): boolean {
    if (at === this.#elsewhere && at !== this.#next) {
      this.#began = at;
      this.#next = at;
      this.#aheadBytes = 0;
    }
    return at === this.#next;
  }

  #end({ at }: Filling, isNext: boolean): void {
    if (!isNext) {
      this.#elsewhere = at;
      return;
    }
    this.#next = at;
    const first = this.#pieces.findIndex(({ start, asked }) => start + asked > at);
    this.#pieces.splice(0, first < 0 ? this.#pieces.length : first);
  }

  /** The piece with the byte at `offset`, or with the file's end before it; stale ones are forgotten. */
  #pieceAt(offset: number): Piece | undefined {
    const piece = this.#pieces.find(({ start, asked }) => start <= offset && offset < start + asked);
    if (piece === undefined) return undefined;
    const isStale = piece.arrivedMs !== undefined && Date.now() - piece.arrivedMs > freshMs;
    if (!isStale && piece.generation === generation()) return piece;
    this.#pieces = [];
    return undefined;
  }

  /** Takes what a piece has. @returns false at the file's end */
  #use(piece: Piece, filling: Filling): boolean {
    const { data = nothing, error, start, asked } = piece;
    if (error !== undefined) this.#pieces = [];
    if (error !== undefined && filling.count === 0) throw readError(error);
    filling.add(data.subarray(filling.at - start));
    const isEnd = error !== undefined || (data.length < asked && filling.at >= start + data.length);
    // The end is told once: who asks again may find that the file has grown.
    if (isEnd && filling.count === 0) this.#pieces = [];
    return !isEnd;
  }

  /** What to ask for, when the rest of what is to be filled is not known: from front to back more than that. */
  #plan({ at, left }: Filling, isNext: boolean): Part {
    const last = this.#pieces.at(-1);
    if (last !== undefined && at !== last.start + last.asked) this.#pieces = [];
    // Cut, as memory is bounded: the rest is asked for when this has been used.
    const wanted = at + Math.min(left, maxAheadBytes);
    if (!isNext) return { from: at, to: wanted };
    this.#grow(at);
    const ahead = Math.min(at + left + this.#aheadBytes, at + maxAheadBytes, this.#size + 1);
    return { from: at, to: Math.max(wanted, ahead) };
  }

  /** Twice as much as before, or as much as has been read from front to back already. */
  #grow(at: number): void {
    const bytes = Math.max(2 * this.#aheadBytes, firstAheadBytes, at - this.#began);
    this.#aheadBytes = Math.min(bytes, maxAheadBytes);
  }

  /** Asks for what comes next before it is wanted, once half of what was asked for is used. */
  #goOn(): void {
    if (this.#next - this.#began < steadyBytes) return;
    const last = this.#pieces.at(-1);
    const end = last === undefined ? this.#next : last.start + last.asked;
    if (end >= this.#size || end - this.#next > this.#aheadBytes / 2) return;
    this.#grow(this.#next);
    this.#ask({ from: end, to: Math.min(this.#next + this.#aheadBytes, this.#size + 1) });
  }

  #askSync(part: Part): void {
    const pieces = cut(part);
    const requests = pieces.map((piece) => this.#request(piece));
    let replies: readonly ReplyOf<'readFile'>[];
    try {
      replies = this.#session.sync.callAll('readFile', requests);
    } catch (error) {
      throw readError(error);
    }
    for (const [i, piece] of pieces.entries()) this.#pieces.push(arrived(piece, replies[i]?.data ?? nothing));
  }

  #ask(part: Part): void {
    for (const piece of cut(part)) {
      piece.settled = new Promise((resolve) => {
        this.#session.async.call('readFile', this.#request(piece), (error, reply) => {
          if (error !== undefined) piece.error = error;
          arrived(piece, reply?.data ?? nothing);
          resolve();
        });
      });
      this.#pieces.push(piece);
    }
  }

  #request({ start, asked }: Piece) {
    return { handle: this.#handle, length: asked, position: BigInt(start) };
  }
}

interface Part {
  readonly from: number;
  readonly to: number;
}

const nothing = Buffer.alloc(0);

function readError(error: unknown): Error {
  return systemError(codeOf(error, 'EIO'), 'read');
}

function cut({ from, to }: Part): Piece[] {
  const pieces: Piece[] = [];
  for (let start = from; start < to; start += pieceBytes) {
    pieces.push({ start, asked: Math.min(pieceBytes, to - start), generation: generation() });
  }
  return pieces;
}

function arrived(piece: Piece, data: Buffer): Piece {
  piece.data = data;
  piece.arrivedMs = Date.now();
  return piece;
}
