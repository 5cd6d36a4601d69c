// Who claims what comes to a port of the target, and who gets a request. Several sessions can have claims on
// one port, each with its own filter; the newest comes first:
//
//   - the first claim to steal whose filter matches takes the request; without one, the pod answers it;
//   - every claim to mirror whose filter matches gets a copy, whoever answers.
//
// Two that want to steal everything exclude each other, unless the second one says how it is to be:
// `override` ends the first claim, `continue` goes before it for as long as it lasts.

import { RemoteError } from '../../src/protocol/failure.ts';
import type { ClaimMode, OnConcurrentSteal } from '../../src/protocol/http-filter/filter.ts';

/** What a claim is made of, as far as it decides who gets a request. */
export interface Claim<Request> {
  readonly port: number;
  readonly mode: ClaimMode;
  /** Undefined: everything that comes to the port, HTTP or not. */
  readonly filter: ((request: Request) => boolean) | undefined;
  /** Requests that the claim leaves to the pod whatever its filter says. */
  readonly leaves?: (request: Request) => boolean;
  /** Who holds it and since when, as a sentence can say it: `mirrord 1.2.0 since 10:42`. */
  readonly holder: string;
}

/** Who answers a request (`undefined`: the pod), and who gets a copy. */
export interface Decision<C> {
  readonly taker: C | undefined;
  readonly copies: readonly C[];
}

export class Claims<Request, C extends Claim<Request>> {
  #byPort = new Map<number, readonly C[]>();

  get isEmpty(): boolean {
    return this.#byPort.size === 0;
  }

  /** The claims on a port, the newest first. */
  of(port: number): readonly C[] {
    return this.#byPort.get(port) ?? [];
  }

  all(): readonly C[] {
    return [...this.#byPort.values()].flat();
  }

  /**
   * @returns the claims that this one ends
   * @throws RemoteError `EADDRINUSE` naming the holder
   */
  add(claim: C, onConcurrent: OnConcurrentSteal): readonly C[] {
    const others = this.of(claim.port);
    const rivals = takesAll(claim) ? others.filter(takesAll) : [];
    const [rival] = rivals;
    if (rival !== undefined && onConcurrent === 'abort') throw portTaken(rival);
    const ended = onConcurrent === 'override' ? rivals : [];
    this.#byPort.set(claim.port, [claim, ...others.filter((other) => !ended.includes(other))]);
    return ended;
  }

  /** @returns whether it was there */
  remove(claim: C): boolean {
    const claims = this.of(claim.port);
    const left = claims.filter((other) => other !== claim);
    if (left.length === 0) this.#byPort.delete(claim.port);
    else this.#byPort.set(claim.port, left);
    return left.length < claims.length;
  }

  /** Who gets a request. */
  decide(port: number, request: Request): Decision<C> {
    const matches = ({ filter, leaves }: C) => leaves?.(request) !== true && (filter === undefined || filter(request));
    return decide(this.of(port), matches);
  }

  /** Who gets a connection of which no filter can say anything: it is not HTTP, or nothing has come yet. */
  decideUnread(port: number): Decision<C> {
    return decide(this.of(port), ({ filter }) => filter === undefined);
  }

  /** The claims that no request can reach, since a newer one takes everything. */
  shadowedBy(claim: C): readonly C[] {
    if (!takesAll(claim)) return [];
    const claims = this.of(claim.port);
    return claims.slice(claims.indexOf(claim) + 1).filter(({ mode }) => mode === 'steal');
  }
}

function decide<C extends { readonly mode: ClaimMode }>(claims: readonly C[], matches: (claim: C) => boolean) {
  const taker = claims.find((claim) => claim.mode === 'steal' && matches(claim));
  return { taker, copies: claims.filter((claim) => claim.mode === 'mirror' && matches(claim)) };
}

function takesAll({ mode, filter }: Pick<Claim<never>, 'mode' | 'filter'>): boolean {
  return mode === 'steal' && filter === undefined;
}

function portTaken({ port, holder }: Pick<Claim<never>, 'port' | 'holder'>): RemoteError {
  return new RemoteError('EADDRINUSE', `Port ${port} is already stolen by another session (${holder}).`);
}
