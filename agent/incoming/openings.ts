// Opens a connection's sides: the original at once, a session's program when it accepts. One that a program refuses
// because it ends goes to the pod, or to whoever claims it now.

import type { Duplex } from 'node:stream';
import type { RemoteError } from '../../src/protocol/failure.ts';
import type { Original } from './original.ts';
import type { Redirected } from './redirect.ts';
import type { SessionClaim } from './session-claim.ts';

export interface OpeningHandler {
  readonly isGone: () => boolean;
  readonly onOpen: (claim: SessionClaim, stream: Duplex) => void;
  /** `released`: the claim is not the session's any more, or nobody serves it just now. */
  readonly onRefused: (claim: SessionClaim, reason: 'released' | 'refused') => void;
}

export class Openings {
  #connection: Redirected;
  #original: Original;
  #handler: OpeningHandler;
  #opening = new Set<SessionClaim>();
  /** Claims that nobody serves just now: more connections wait for their next program than its proxy holds. */
  #passedOver = new Set<SessionClaim>();

  constructor(connection: Redirected, original: Original, handler: OpeningHandler) {
    this.#connection = connection;
    this.#original = original;
    this.#handler = handler;
  }

  /** Who is to have what a claim takes: the pod, where nobody serves the claim. */
  served(taker: SessionClaim | undefined): SessionClaim | undefined {
    return taker !== undefined && this.#passedOver.has(taker) ? undefined : taker;
  }

  /** @returns a socket that is connecting */
  original(): Duplex {
    return this.#original.connect(this.#connection);
  }

  /** Asks the program to take the connection, unless it is being asked. */
  ask(claim: SessionClaim): void {
    if (this.#opening.has(claim)) return;
    this.#opening.add(claim);
    claim.open(this.#connection).then(
      (channel) => {
        this.#opening.delete(claim);
        if (this.#handler.isGone()) channel.destroy();
        else this.#handler.onOpen(claim, channel);
      },
      (error: RemoteError) => void this.#refused(claim, error),
    );
  }

  async #refused(claim: SessionClaim, { code }: RemoteError): Promise<void> {
    if (code === 'NOBODY_LISTENS') this.#passedOver.add(claim);
    const reason = this.#passedOver.has(claim) ? 'released' : await claim.settled();
    this.#opening.delete(claim);
    if (!this.#handler.isGone()) this.#handler.onRefused(claim, reason);
  }
}
