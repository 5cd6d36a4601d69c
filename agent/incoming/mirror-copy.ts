// The copy of a connection's requests for a session that mirrors. It never slows the original: what the session's
// side does not take in time is dropped, and counted.

import type { Channel } from '../../src/protocol/channel.ts';
import type { Redirected } from './redirect.ts';
import type { SessionClaim } from './session-claim.ts';

/** What may wait for a program, of one connection and of all connections of a claim. */
const maxWaitingBytes = 1024 * 1024;
const maxWaitingBytesOfClaim = 16 * 1024 * 1024;

export class MirrorCopy {
  readonly claim: SessionClaim;
  #channel: Channel | undefined;
  /** Until the program has accepted. */
  #early: Buffer[] = [];
  #waitingBytes = 0;
  #state: 'open' | 'ended' | 'over' = 'open';

  constructor(claim: SessionClaim, ends: Pick<Redirected, 'client' | 'server'>) {
    this.claim = claim;
    claim.mirrored.connections += 1;
    claim.open(ends).then(
      (channel) => this.#begin(channel),
      () => this.#drop(),
    );
  }

  /** Nothing that is written gets anywhere any more. */
  get isOver(): boolean {
    return this.#state === 'over';
  }

  write(bytes: Buffer): void {
    if (this.#state !== 'open') return;
    const { mirrored } = this.claim;
    const isTooMuch =
      this.#waitingBytes + bytes.length > maxWaitingBytes ||
      mirrored.waitingBytes + bytes.length > maxWaitingBytesOfClaim;
    if (isTooMuch) return this.#drop();
    this.#count(bytes.length);
    if (this.#channel === undefined) this.#early.push(bytes);
    else this.#send(this.#channel, bytes);
  }

  /** The client sends no more. */
  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#channel?.end();
  }

  #begin(channel: Channel): void {
    if (this.#state === 'over') {
      channel.destroy();
      return;
    }
    this.#channel = channel;
    channel.resume(); // nobody is to have what the program answers
    channel.once('close', () => {
      this.#state = 'over';
      this.#count(-this.#waitingBytes);
    });
    for (const bytes of this.#early.splice(0)) this.#send(channel, bytes);
    if (this.#state === 'ended') channel.end();
  }

  #send(channel: Channel, bytes: Buffer): void {
    channel.write(bytes, () => {
      if (this.#state !== 'over') this.#count(-bytes.length);
    });
  }

  #drop(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#early = [];
    this.#count(-this.#waitingBytes);
    this.claim.mirrorDropped();
    this.#channel?.destroy();
  }

  #count(bytes: number): void {
    this.#waitingBytes += bytes;
    this.claim.mirrored.waitingBytes += bytes;
  }
}
