// A request whose body has to be seen before it can be decided: it is kept until it is whole, too long, or too slow.

import type { RequestHead } from './http1/head.ts';
import type { SessionClaim } from './session-claim.ts';

/** A request, or as much of it as has come. */
export interface PartOfRequest {
  readonly head: RequestHead;
  readonly parts: Buffer[];
  /** It is whole. */
  over: boolean;
}

export class Undecided implements PartOfRequest {
  readonly head: RequestHead;
  readonly parts: Buffer[];
  over = false;
  #content: Buffer[] = [];
  #bytes = 0;
  #limit: number;
  #timer: NodeJS.Timeout;
  #decide: () => void;

  /** @param decide called once, when nothing more is to be waited for */
  constructor(head: RequestHead, bytes: Buffer, readers: readonly SessionClaim[], decide: () => void) {
    this.head = head;
    this.parts = [bytes];
    this.#limit = Math.max(...readers.map(({ limits }) => limits.maxBodyBytes));
    this.#timer = setTimeout(decide, Math.max(...readers.map(({ limits }) => limits.maxBodyMs)));
    this.#decide = decide;
  }

  /** The body, for who may only judge the whole of it. */
  get body(): Buffer | undefined {
    return this.over ? Buffer.concat(this.#content) : undefined;
  }

  take(bytes: Buffer, isData: boolean): void {
    this.parts.push(bytes);
    if (isData) this.#content.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes > this.#limit) this.#decide();
  }

  finish(): void {
    this.over = true;
    this.#decide();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
