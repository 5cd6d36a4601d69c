// A port of the pod that this session has: who listens for it here, and the time in between, when a program
// that is restarted (nodemon, tsx, node --watch) has gone and the next one does not listen yet. Requests wait
// for it then.

import { RemoteError } from '../protocol/failure.ts';
import type { Address } from '../protocol/schema.ts';

/** A program that listens on `local` for what the pod gets on `port`. */
export interface Listener {
  readonly port: number;
  readonly local: Address;
}

/** How long the port is kept without a program; then the pod answers again. */
export const restartMs = 10_000;
/** So many connections wait for a program; what comes more is the pod's. */
const maxWaiting = 256;

type Settle = (listener: Listener | undefined) => void;

export class TakenPort {
  #listeners: Listener[] = [];
  /** Those whose program has gone without closing them. */
  #abandoned = new WeakSet<Listener>();
  #waiting = new Set<Settle>();
  #onLeft = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #giveUp: () => void;

  /** @param giveUp called when no program has come in time */
  constructor(giveUp: () => void) {
    this.#giveUp = giveUp;
  }

  /** The one that gets the connections. */
  get newest(): Listener | undefined {
    return this.#listeners.at(-1);
  }

  add(listener: Listener): void {
    clearTimeout(this.#timer);
    this.#listeners.push(listener);
    for (const settle of this.#waiting) settle(listener);
  }

  /** @returns false when it is not there */
  remove(listener: Listener): boolean {
    const at = this.#listeners.findIndex((known) => sameListener(known, listener));
    if (at !== -1) this.#listeners.splice(at, 1);
    for (const check of this.#onLeft) check();
    return at !== -1;
  }

  /** Its program has gone. Without another one the port is kept for the next. */
  abandon(listener: Listener): void {
    this.#abandoned.add(listener);
    if (!this.remove(listener)) return;
    if (this.#listeners.length > 0) return;
    this.#timer = setTimeout(this.#giveUp, restartMs);
    this.#timer.unref();
  }

  /** @throws RemoteError `NOBODY_LISTENS` when no program comes in time, or too many wait for it already */
  async next(): Promise<Listener> {
    if (this.newest !== undefined) return this.newest;
    if (this.#waiting.size >= maxWaiting) throw nobodyListens();
    const listener = await new Promise<Listener | undefined>((resolve) => {
      const settle: Settle = (found) => {
        this.#waiting.delete(settle);
        resolve(found);
      };
      this.#waiting.add(settle);
    });
    if (listener === undefined) throw nobodyListens();
    return listener;
  }

  /** Whether the listener's program has gone, or does so in the given time. */
  async isAbandoned(listener: Listener, withinMs: number): Promise<boolean> {
    if (this.#abandoned.has(listener)) return true;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#onLeft.delete(check);
        resolve();
      };
      const check = () => this.#listeners.includes(listener) || done();
      const timer = setTimeout(done, withinMs);
      this.#onLeft.add(check);
    });
    return this.#abandoned.has(listener);
  }

  /** The port is the pod's again: nobody is waited for. */
  close(): void {
    clearTimeout(this.#timer);
    for (const settle of this.#waiting) settle(undefined);
  }
}

export function sameListener(a: Listener, b: Listener): boolean {
  return a.port === b.port && a.local.port === b.local.port;
}

export function nobodyListens(): RemoteError {
  return new RemoteError('NOBODY_LISTENS', 'no program of the session listens');
}
