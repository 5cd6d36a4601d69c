// Claims of sessions on ports of the target, and what comes to these ports. The redirect (a listener and the
// kernel's rules) is there while somebody has a claim or a connection that came by it is open, and only then:
// the rules also translate the packets of the connections that they redirected.

import type { Socket } from 'node:net';
import { RemoteError } from '../../src/protocol/failure.ts';
import type { FilteredRequest } from '../../src/protocol/http-filter/compile.ts';
import type { OnConcurrentSteal } from '../../src/protocol/http-filter/filter.ts';
import type { Link } from '../../src/protocol/link.ts';
import type { RequestOf } from '../../src/protocol/schema.ts';
import type { Addon } from '../addon.ts';
import { log, reasonOf } from '../log.ts';
import { Claims } from './claims.ts';
import { Conversation, type ConversationContext } from './conversation.ts';
import { HeldHeads } from './held-heads.ts';
import { Http2Conversation } from './http2/conversation.ts';
import { resetIdleConnections } from './old-connections.ts';
import type { Original } from './original.ts';
import { PortLock } from './port-lock.ts';
import { Redirect, type Redirected } from './redirect.ts';
import { type SessionClaim, sessionClaim } from './session-claim.ts';

/** When the agent ends: a client that has not asked anything for this long is between two requests. */
const lastRequestMs = 1_000;

/** How long after its last use the redirect stays: handshakes that began before its end are still on the way. */
const quietMs = 250;

export class Steals {
  #addon: Addon;
  #claims = new Claims<FilteredRequest, SessionClaim>();
  /** Of the ports that the kernel brings here. */
  #locks = new Map<number, PortLock>();
  /** Taking and giving back a port happen one after the other. */
  #inTurn = new Map<number, Promise<void>>();
  #connections = new Set<Socket>();
  #redirect: Promise<Redirect> | undefined;
  #context: ConversationContext | undefined;
  #conversations = new Set<Conversation>();
  #http2 = new Set<Http2Conversation>();
  #toldOfTls = new WeakSet<SessionClaim>();
  #closing: NodeJS.Timeout | undefined;
  #whenClosed: (() => void)[] = [];

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  /**
   * From now on the session gets what it claims of new connections to the port. One that it claims already
   * stays as it is.
   * @throws RemoteError `EADDRINUSE` for a second session that wants everything, `EOPNOTSUPP`, …
   */
  async steal(request: RequestOf<'steal'>, link: Link): Promise<void> {
    const { port } = request;
    if (this.#find(port, link) !== undefined) return;
    if (port === 0) throw new RemoteError('EINVAL', 'a port to steal is 1 to 65535');
    const claim = sessionClaim(request, link);
    for (const ended of this.#claims.add(claim, asOnConcurrent(request.onConcurrent))) displaced(ended, claim);
    try {
      await this.#next(port, () => this.#take(port));
      if (!this.#claims.of(port).includes(claim)) throw new RemoteError('ECANCELED', 'the session has ended');
      log('steal', { port, mode: claim.mode });
      for (const other of this.#claims.shadowedBy(claim)) shadowed(other, claim);
      if (request.flush && claim.mode === 'steal') {
        void resetIdleConnections(this.#addon, port, () => this.#claims.of(port).includes(claim));
      }
    } catch (error) {
      log('steal failed', { port, reason: reasonOf(error) });
      this.#remove(claim);
      throw error;
    }
  }

  /** New connections to the port are not the session's any more; those that are open go on. */
  release(port: number, link: Link): void {
    const claim = this.#find(port, link);
    if (claim !== undefined) this.#remove(claim);
  }

  /** The session is over. Its open connections end with its link's channels. */
  releaseAll(link: Link): void {
    for (const claim of this.#claims.all()) if (claim.link === link) this.#remove(claim);
  }

  #find(port: number, link: Link): SessionClaim | undefined {
    return this.#claims.of(port).find((claim) => claim.link === link);
  }

  #remove(claim: SessionClaim): void {
    const { port } = claim;
    if (!this.#claims.remove(claim)) return;
    claim.release();
    log('release', { port });
    void this.#next(port, () => this.#giveBack(port));
    this.#closeWhenUnused();
  }

  #next(port: number, step: () => Promise<void>): Promise<void> {
    const last = this.#inTurn.get(port) ?? Promise.resolve();
    const next = last.then(step, step);
    this.#inTurn.set(port, next);
    return next;
  }

  /** @throws RemoteError; the port is as before then */
  async #take(port: number): Promise<void> {
    if (this.#locks.has(port)) return;
    const lock = await PortLock.take(port, () => this.#claims.of(port)[0]?.holder ?? '');
    try {
      clearTimeout(this.#closing);
      this.#redirect ??= Redirect.open(this.#addon, (connection) => this.#accept(connection));
      (await this.#redirect).table.add(port);
      this.#locks.set(port, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Behind the last claim. */
  async #giveBack(port: number): Promise<void> {
    const lock = this.#locks.get(port);
    if (lock === undefined || this.#claims.of(port).length > 0) return;
    this.#locks.delete(port);
    try {
      (await this.#redirect)?.table.remove(port);
    } catch (error) {
      log('release failed', { port, reason: reasonOf(error) });
    } finally {
      lock.release();
    }
  }

  #accept(connection: Redirected): void {
    clearTimeout(this.#closing);
    this.#connections.add(connection.socket);
    connection.socket.once('close', () => {
      this.#connections.delete(connection.socket);
      this.#closeWhenUnused();
    });
    void this.#redirect?.then(({ original }) => {
      const conversation = new Conversation(connection, this.#contextWith(original));
      this.#conversations.add(conversation);
      connection.socket.once('close', () => this.#conversations.delete(conversation));
      conversation.start();
    });
  }

  #contextWith(original: Original): ConversationContext {
    this.#context ??= {
      claims: this.#claims,
      original,
      held: new HeldHeads(),
      sawTls: (port) => this.#tellOfTls(port),
      takeHttp2: (connection, first) => this.#serveHttp2(connection, first, original),
    };
    return this.#context;
  }

  #serveHttp2(connection: Redirected, first: Buffer, original: Original): void {
    const conversation = new Http2Conversation(connection, { claims: this.#claims, original });
    this.#http2.add(conversation);
    connection.socket.once('close', () => this.#http2.delete(conversation));
    conversation.start(first);
  }

  /** Once for each claim: it has a filter, and nobody can look into TLS. */
  #tellOfTls(port: number): void {
    for (const claim of this.#claims.of(port)) {
      if (claim.filter === undefined || this.#toldOfTls.has(claim)) continue;
      this.#toldOfTls.add(claim);
      claim.tell(`Port ${port} gets TLS, which the HTTP filter cannot look into: these connections stay with the pod.`);
    }
  }

  /**
   * The agent is about to end: clients that keep their connections alive are told with their next answer, or their
   * connections end once they are idle, and they come to the pod by themselves.
   * @returns settles when no port is claimed and no connection is left on its way; at once if it is so already
   */
  drain(): Promise<void> {
    for (const conversation of [...this.#conversations, ...this.#http2]) conversation.drain();
    setTimeout(() => {
      for (const conversation of this.#conversations) conversation.endIdle();
    }, lastRequestMs).unref();
    return new Promise((resolve) => {
      if (this.#redirect === undefined) resolve();
      else this.#whenClosed.push(resolve);
    });
  }

  #closeWhenUnused(): void {
    clearTimeout(this.#closing);
    if (!this.#claims.isEmpty || this.#connections.size > 0) return;
    this.#closing = setTimeout(() => this.#close(), quietMs);
  }

  #close(): void {
    void this.#redirect?.then(
      (redirect) => redirect.close(),
      () => {}, // it did not open, as those who asked for it have been told
    );
    this.#redirect = undefined;
    this.#context = undefined;
    for (const resolve of this.#whenClosed.splice(0)) resolve();
  }
}

function displaced(ended: SessionClaim, by: SessionClaim): void {
  ended.release();
  ended.tell(
    `Port ${ended.port} was taken over by another session (${by.holder}); its requests do not come here any more.`,
  );
}

function shadowed(other: SessionClaim, by: SessionClaim): void {
  other.tell(`No request to port ${other.port} comes here now: a newer session (${by.holder}) takes all of them.`);
}

function asOnConcurrent(word: string): OnConcurrentSteal {
  if (word === 'continue' || word === 'override') return word;
  if (word === 'abort') return word;
  throw new RemoteError('EINVAL', `"${word}" is no answer to a concurrent steal`);
}
