// All sessions of the agent: they begin when the target has been entered, and the agent ends itself when
// the last has left in order, or when there has been none for a while.

import type { Socket } from 'node:net';
import { RemoteError } from '../src/protocol/failure.ts';
import { log, reasonOf } from './log.ts';
import { type SessionNeeds, startSession } from './session.ts';

export class Sessions {
  /** Resolves when the last session has left, or there has been none for the idle time. */
  readonly idle: Promise<void>;

  #idleMs: number;
  #open = new Set<Socket>();
  /** The last session has been told that it is the last: from then on there is no other one. */
  #ending = false;
  #timer: NodeJS.Timeout | undefined;
  #becomeIdle: () => void = () => {};
  #ready: Promise<SessionNeeds>;
  #settleReady: { resolve: (needs: SessionNeeds) => void; reject: (error: unknown) => void };

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
    this.idle = new Promise((resolve) => {
      this.#becomeIdle = resolve;
    });
    const { promise, ...settle } = withResolvers<SessionNeeds>();
    promise.catch(() => {}); // told to each session; with none, to nobody
    this.#ready = promise;
    this.#settleReady = settle;
    this.#watchIdle();
  }

  /** The target is entered: sessions are answered from now on, those that already wait included. */
  begin(needs: SessionNeeds): void {
    this.#settleReady.resolve(needs);
  }

  /** The target cannot be entered: every session is told the reason. */
  refuse(reason: unknown): void {
    this.#settleReady.reject(reason);
  }

  /** Serves one connection to its end. */
  accept(socket: Socket): void {
    this.#open.add(socket);
    this.#watchIdle();
    socket.on('error', () => {}); // the link's end says it
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#watchIdle();
    });
    const leave = () => this.#leave(socket);
    startSession(socket, () => this.#admit(), leave).catch((error: unknown) => {
      log('refused', { reason: reasonOf(error) });
      socket.destroySoon(); // once the reason, if it can be told, is written
    });
  }

  #admit(): Promise<SessionNeeds> {
    if (this.#ending) throw new RemoteError('AGENT_ENDING', 'its last session has ended, and so does it');
    return this.#ready;
  }

  /** A connection that has not said hello yet counts as a session: its proxy would find the agent gone. */
  #leave(socket: Socket): boolean {
    this.#open.delete(socket);
    this.#ending ||= this.#open.size === 0;
    return this.#ending;
  }

  /** Ends all sessions. May be called twice. */
  close(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #watchIdle(): void {
    clearTimeout(this.#timer);
    const idleMs = this.#ending ? 0 : this.#idleMs;
    this.#timer = this.#open.size > 0 ? undefined : setTimeout(this.#becomeIdle, idleMs);
  }
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
