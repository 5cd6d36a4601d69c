// A connection that goes to one side, whole: it is no HTTP, or not any more. Bytes both ways, the end of each
// direction, and a break.

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConversationContext } from './conversation.ts';
import { breakClient, ClientFlow, endClient, endSide } from './flow.ts';
import type { MirrorCopy } from './mirror-copy.ts';
import { Openings } from './openings.ts';
import type { Redirected } from './redirect.ts';
import type { SessionClaim } from './session-claim.ts';

export interface WholeStart {
  /** Whose it is; undefined: the original container's. */
  readonly claim: SessionClaim | undefined;
  /** The way to it, if it is open already. */
  readonly stream: Duplex | undefined;
  /** What the client has sent and the side has not got. */
  readonly early: readonly Buffer[];
  readonly copies: readonly MirrorCopy[];
  readonly clientEnded: boolean;
}

export class WholeConnection {
  #client: Socket;
  #port: number;
  #context: ConversationContext;
  #flow: ClientFlow;
  #openings: Openings;
  #copies: readonly MirrorCopy[];
  #claim: SessionClaim | undefined;
  #stream: Duplex | undefined;
  #early: Buffer[];
  #clientEnded: boolean;

  constructor(connection: Redirected, context: ConversationContext, start: WholeStart) {
    this.#client = connection.socket;
    this.#port = connection.server.port;
    this.#context = context;
    this.#flow = new ClientFlow(connection.socket);
    this.#openings = new Openings(connection, context.original, {
      isGone: () => this.#client.destroyed,
      onOpen: (_claim, stream) => this.#attach(stream),
      onRefused: (claim, reason) => this.#refused(claim, reason),
    });
    this.#claim = start.claim;
    this.#copies = start.copies;
    this.#early = [...start.early];
    this.#clientEnded = start.clientEnded;
    for (const bytes of this.#early) for (const copy of this.#copies) copy.write(bytes);
    this.#client.on('data', (chunk: Buffer) => this.#onClient(chunk));
    this.#client.once('end', () => this.#onClientEnd());
    this.#client.once('close', (broken: boolean) => this.#onClientClose(broken));
    if (start.stream !== undefined) this.#attach(start.stream);
    else this.#open();
  }

  #open(): void {
    this.#flow.pause('opening');
    if (this.#claim === undefined) this.#attach(this.#openings.original());
    else this.#openings.ask(this.#claim);
  }

  #attach(stream: Duplex): void {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => this.#flow.toClient(stream, chunk));
    stream.on('error', () => {}); // 'close' follows, and says it
    stream.once('end', () => endClient(this.#client));
    stream.once('close', () => {
      if (!stream.readableEnded) breakClient(this.#client);
    });
    if (stream.destroyed) return breakClient(this.#client);
    for (const bytes of this.#early.splice(0)) this.#flow.toSide(stream, bytes);
    this.#flow.resume('opening');
    this.#client.resume();
    if (this.#clientEnded) this.#onClientEnd();
  }

  #refused(claim: SessionClaim, reason: 'released' | 'refused'): void {
    if (claim !== this.#claim) return;
    if (reason === 'refused') return void this.#client.resetAndDestroy(); // as from a port that is closed
    this.#claim = this.#openings.served(this.#context.claims.decideUnread(this.#port).taker);
    this.#open();
  }

  #onClient(chunk: Buffer): void {
    for (const copy of this.#copies) copy.write(chunk);
    if (this.#stream === undefined) this.#early.push(chunk);
    else this.#flow.toSide(this.#stream, chunk);
  }

  #onClientEnd(): void {
    this.#clientEnded = true;
    for (const copy of this.#copies) copy.end();
    this.#stream?.end();
  }

  #onClientClose(broken: boolean): void {
    for (const copy of this.#copies) copy.end();
    if (this.#stream !== undefined) endSide(this.#stream, !broken && this.#clientEnded);
  }
}
