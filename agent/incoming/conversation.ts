// One client's connection to a claimed port. Its requests are split by the parser, each is decided for itself and
// goes to a side: the original container or a session's program; the answers come back in the requests' order. No
// byte is changed on the way. What is no HTTP goes on as a WholeConnection, HTTP/2 as an Http2Conversation.
//
// Requests for one side are passed on as they come. One for another side waits until all before it are answered,
// so only one side at a time has something to say.

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FilteredRequest } from '../../src/protocol/http-filter/compile.ts';
import type { Claims, Decision } from './claims.ts';
import { isHttp2, isHttp2Settings, isTls, looksIntoHttp2 } from './detect.ts';
import { breakClient, ClientFlow, endClient, endSide } from './flow.ts';
import type { HeldHeads } from './held-heads.ts';
import { type RequestHead, type ResponseHead, readRequestHead } from './http1/head.ts';
import { MessageParser } from './http1/message-parser.ts';
import { withClose } from './http1/response-close.ts';
import { MirrorCopy } from './mirror-copy.ts';
import { Openings } from './openings.ts';
import type { Original } from './original.ts';
import type { Redirected } from './redirect.ts';
import { filteredRequest } from './request.ts';
import type { SessionClaim } from './session-claim.ts';
import { makeSide, type Side, type SideHandler } from './side.ts';
import { type PartOfRequest, Undecided } from './undecided.ts';
import { WholeConnection } from './whole-connection.ts';

export interface ConversationContext {
  readonly claims: Claims<FilteredRequest, SessionClaim>;
  readonly original: Original;
  readonly held: HeldHeads;
  /** The port gets TLS, which no filter can read. */
  readonly sawTls: (port: number) => void;
  /** Takes over a connection that speaks HTTP/2; `first` is what has been read of it. */
  readonly takeHttp2: (connection: Redirected, first: Buffer) => void;
}

/** A request that has been passed on, until it is over and answered. */
interface Exchange {
  readonly side: Side;
  readonly head: RequestHead;
  readonly copies: readonly MirrorCopy[];
  requestOver: boolean;
  answered: boolean;
}

/** A request that cannot go on yet. */
type Waiting = PartOfRequest & { readonly decision: Decision<SessionClaim> };

/** A client that says nothing at first may wait for the server to speak: the original is asked after this time. */
const silenceMs = 50;
/** Requests that are passed on without having been answered. */
const maxPipelined = 64;

const nothing: Buffer = Buffer.alloc(0);

export class Conversation {
  #connection: Redirected;
  #client: Socket;
  #port: number;
  #context: ConversationContext;
  #flow: ClientFlow;
  #openings: Openings;
  #requests: MessageParser<RequestHead>;
  /** What the parser has not taken yet. */
  #rest: Buffer = nothing;
  #sides = new Map<SessionClaim | undefined, Side>();
  #exchanges: Exchange[] = [];
  #lastAsked: Side | undefined;
  #undecided: Undecided | undefined;
  #waiting: Waiting | undefined;
  /** The one whose body is coming. */
  #current: Exchange | undefined;
  #copies = new Map<SessionClaim, MirrorCopy>();
  #answer: ResponseHead | undefined;
  #timers: NodeJS.Timeout[] = [];
  /** What has turned out to be no HTTP/1.1. */
  #opaque: Buffer[] = [];
  #isHandedOver = false;
  #clientEnded = false;
  #draining = false;

  #onData = (chunk: Buffer) => this.#onClient(chunk);
  #onEnd = () => this.#onClientEnd();
  #onClose = (broken: boolean) => this.#onClientClose(broken);

  constructor(connection: Redirected, context: ConversationContext) {
    this.#connection = connection;
    this.#client = connection.socket;
    this.#port = connection.server.port;
    this.#context = context;
    this.#flow = new ClientFlow(connection.socket);
    this.#openings = new Openings(connection, context.original, {
      isGone: () => this.#isGone,
      onOpen: (claim, stream) => {
        this.#addSide(claim, stream);
        this.#advance();
      },
      onRefused: (claim, reason) => this.#onRefused(claim, reason),
    });
    this.#requests = new MessageParser(readRequestHead, {
      onHead: (head, bytes) => this.#onHead(head, bytes),
      onBody: (bytes, isData) => this.#onBody(bytes, isData),
      onMessageEnd: () => this.#onRequestEnd(),
      onOpaque: (bytes) => {
        this.#opaque.push(bytes);
        this.#requests.stop();
      },
    });
  }

  start(): void {
    const client = this.#client;
    client.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose);
    if (client.destroyed) return this.#onClientClose(true);
    this.#prepare();
    client.resume();
  }

  /** The agent is about to end: the next answer is the last one on this connection. */
  drain(): void {
    this.#draining = true;
  }

  /** Ends the connection if it is between two requests, as any server may. */
  endIdle(): void {
    const isIdle = this.#exchanges.length === 0 && this.#waiting === undefined && this.#requests.isBetweenMessages;
    if (isIdle && !this.#isGone) endClient(this.#client);
  }

  get #isGone(): boolean {
    return this.#client.destroyed || this.#isHandedOver;
  }

  /** Opens the side that has it if no request says otherwise: it may be the one that speaks first. */
  #prepare(): void {
    const claims = this.#context.claims.of(this.#port);
    const taker = this.#unreadTaker();
    const filters = claims.some(({ mode, filter }) => mode === 'steal' && filter !== undefined);
    if (taker !== undefined || !filters) this.#open(taker);
    else this.#timers.push(setTimeout(() => this.#open(undefined), silenceMs));
    const detectionMs = Math.max(0, ...claims.map(({ limits }) => limits.detectionMs));
    this.#timers.push(setTimeout(() => this.#detectionOver(), detectionMs));
  }

  /** What has not turned out to be HTTP in this time is none, if anything has come. */
  #detectionOver(): void {
    if (this.#requests.heldBytes > 0 && !this.#requests.hasFirstLine) this.#becomeOpaque();
  }

  // From the client.

  #onClient(chunk: Buffer): void {
    if (this.#client.writableEnded) return; // it has been told that nothing more is answered
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#parse();
  }

  #parse(): void {
    if (this.#waiting !== undefined) return;
    const taken = this.#requests.push(this.#rest);
    this.#rest = taken === this.#rest.length ? nothing : this.#rest.subarray(taken);
    if (!this.#context.held.hasRoomFor(this, this.#requests.heldBytes)) this.#requests.becomeOpaque();
    if (this.#opaque.length > 0) this.#passOnOpaque();
    else if (this.#clientEnded) this.#endSides();
  }

  #onHead(head: RequestHead, bytes: Buffer): void {
    this.#clearTimers();
    const hasBody = head.framing.kind !== 'length' || head.framing.bytes > 0;
    const readers = hasBody ? this.#context.claims.of(this.#port).filter(({ readsBody }) => readsBody) : [];
    if (readers.length === 0) this.#decide({ head, parts: [bytes], over: false }, undefined);
    else this.#undecided = new Undecided(head, bytes, readers, () => this.#decideNow());
  }

  #onBody(bytes: Buffer, isData: boolean): void {
    if (this.#undecided !== undefined) {
      this.#undecided.take(bytes, isData);
    } else if (this.#waiting !== undefined) {
      this.#waiting.parts.push(bytes);
    } else if (this.#current !== undefined) {
      this.#toSide(this.#current, bytes);
    }
  }

  #onRequestEnd(): void {
    if (this.#undecided !== undefined) {
      this.#undecided.finish();
    } else if (this.#waiting !== undefined) {
      this.#waiting.over = true;
    } else if (this.#current !== undefined) {
      this.#current.requestOver = true;
      this.#finishExchange();
    }
  }

  #decideNow(): void {
    const undecided = this.#undecided;
    if (undecided === undefined) return;
    undecided.close();
    this.#undecided = undefined;
    this.#decide(undecided, undecided.body);
  }

  #decide({ head, parts, over }: PartOfRequest, body: Buffer | undefined): void {
    const decision = this.#context.claims.decide(this.#port, filteredRequest(head, body));
    this.#dispatch({ head, parts, over, decision });
  }

  // To a side.

  #dispatch(request: Waiting): void {
    const claim = this.#openings.served(this.#takerNow(request));
    const last = this.#exchanges.at(-1);
    const isItsTurn =
      last === undefined || (last.side.claim === claim && !last.head.upgrades && this.#exchanges.length < maxPipelined);
    if (isItsTurn) this.#open(claim);
    const side = this.#sides.get(claim);
    if (isItsTurn && side !== undefined) return this.#forward(request, side);
    this.#waiting = request;
    this.#requests.stop();
    this.#flow.pause('turn');
  }

  /** A claim can be released while a request waits; a body cannot be looked at again. */
  #takerNow({ head, decision }: Waiting): SessionClaim | undefined {
    const { taker } = decision;
    const { claims } = this.#context;
    if (taker === undefined || claims.of(this.#port).includes(taker)) return taker;
    return claims.decide(this.#port, filteredRequest(head, undefined)).taker;
  }

  #forward({ head, parts, over, decision }: Waiting, side: Side): void {
    const copies = decision.copies.map((claim) => this.#copyFor(claim));
    const exchange: Exchange = { side, head, copies, requestOver: over, answered: false };
    this.#exchanges.push(exchange);
    side.wasAsked = true;
    this.#lastAsked = side;
    this.#current = exchange;
    for (const bytes of parts) this.#toSide(exchange, bytes);
  }

  #toSide({ side, copies }: Exchange, bytes: Buffer): void {
    this.#flow.toSide(side.stream, bytes);
    for (const copy of copies) copy.write(bytes);
  }

  #copyFor(claim: SessionClaim): MirrorCopy {
    const known = this.#copies.get(claim);
    if (known !== undefined && !known.isOver) return known;
    const copy = new MirrorCopy(claim, this.#connection);
    this.#copies.set(claim, copy);
    return copy;
  }

  /** The sides have changed, or an exchange is over: what waits may go on. */
  #advance(): void {
    const waiting = this.#waiting;
    if (this.#isGone || waiting === undefined) return;
    this.#waiting = undefined;
    this.#dispatch(waiting);
    if (this.#waiting !== undefined) return;
    this.#flow.resume('turn');
    this.#parse();
  }

  #open(claim: SessionClaim | undefined): void {
    if (this.#sides.has(claim) || this.#isGone) return;
    if (claim === undefined) this.#addSide(undefined, this.#openings.original());
    else this.#openings.ask(claim);
  }

  #onRefused(claim: SessionClaim, reason: 'released' | 'refused'): void {
    const isNeeded = this.#waiting?.decision.taker === claim || this.#sides.size === 0;
    // As from a port that is closed, unless the request that has come since is another side's.
    if (reason === 'refused' && isNeeded) this.#client.resetAndDestroy();
    else if (this.#waiting !== undefined) this.#advance();
    else if (this.#sides.size === 0) this.#prepare();
  }

  #addSide(claim: SessionClaim | undefined, stream: Duplex): void {
    if (stream.destroyed) breakClient(this.#client);
    else this.#sides.set(claim, makeSide(claim, stream, this.#sideHandler));
  }

  #sideHandler: SideHandler = {
    methodAnswered: () => this.#exchanges[0]?.head.method ?? 'GET',
    onData: (side, chunk) => this.#onSide(side, chunk),
    onHead: (side, head, bytes) => this.#onAnswer(side, head, bytes),
    onBytes: (side, bytes) => this.#flow.toClient(side.stream, bytes),
    onMessageEnd: () => this.#onAnswerEnd(),
    onOpaque: (side, bytes) => {
      this.#flow.toClient(side.stream, bytes);
      if (!this.#isHandedOver) this.#passWhole(side.claim);
    },
    onEnd: (side) => this.#onSideEnd(side),
    onClose: (side) => this.#onSideClose(side),
  };

  // From a side.

  #onSide(side: Side, chunk: Buffer): void {
    if (this.#exchanges[0]?.side === side) {
      side.answers.push(chunk);
    } else if (!side.wasAsked && isHttp2Settings(chunk) && looksIntoHttp2(this.#context.claims.of(this.#port))) {
      this.#drop(side); // the client's preface comes as well, and then each stream is decided for itself
    } else if (this.#hasTheWord(side)) {
      // A server that speaks first; or one that ends the connection with a word.
      this.#flow.toClient(side.stream, chunk);
      this.#passWhole(side.claim);
    } else {
      this.#drop(side);
    }
  }

  /** Nobody is asked anything, and it was the last one who was. */
  #hasTheWord(side: Side): boolean {
    return this.#exchanges.length === 0 && (this.#lastAsked ?? side) === side;
  }

  #onAnswer(side: Side, head: ResponseHead, bytes: Buffer): void {
    const isLast = this.#draining && head.status >= 200;
    this.#answer = isLast ? { ...head, closes: true } : head;
    this.#flow.toClient(side.stream, isLast ? withClose(bytes) : bytes);
    if (head.framing.kind === 'tunnel') this.#passWhole(side.claim);
  }

  #onAnswerEnd(): void {
    const [exchange] = this.#exchanges;
    if (exchange === undefined || (this.#answer?.status ?? 0) < 200) return;
    exchange.answered = true;
    if (this.#answer?.closes === true) endClient(this.#client);
    this.#finishExchange();
  }

  #finishExchange(): void {
    const [exchange] = this.#exchanges;
    if (exchange === undefined || !exchange.answered || !exchange.requestOver) return;
    this.#exchanges.shift();
    if (this.#waiting !== undefined)
      queueMicrotask(() => this.#advance()); // not inside of a parser
    else if (this.#clientEnded) this.#endSides();
  }

  #onSideEnd(side: Side): void {
    // A program that ends an idle connection is asked anew by the next request; the pod's end is the client's.
    const isItsEnd = this.#hasTheWord(side) && (side.claim === undefined || !side.wasAsked);
    if (this.#exchanges[0]?.side === side || isItsEnd || this.#clientEnded) endClient(this.#client);
    else this.#drop(side);
  }

  #onSideClose(side: Side): void {
    if (this.#sides.get(side.claim) !== side) return;
    const [current] = this.#exchanges;
    const isItsEnd = this.#hasTheWord(side) && (side.claim === undefined || !side.wasAsked);
    this.#sides.delete(side.claim);
    if (side.isOver) return;
    if (current?.side === side && current.answered) endClient(this.#client);
    else if (current?.side === side || isItsEnd) breakClient(this.#client);
  }

  #drop(side: Side): void {
    this.#sides.delete(side.claim);
    side.stream.destroy();
  }

  // What is no HTTP/1.1.

  #becomeOpaque(): void {
    this.#requests.becomeOpaque();
    if (this.#opaque.length > 0) this.#passOnOpaque();
  }

  #passOnOpaque(): void {
    const last = this.#exchanges.at(-1)?.side ?? this.#lastAsked;
    const [first = nothing] = this.#opaque;
    if (last !== undefined) this.#passWhole(last.claim);
    else if (isHttp2(first) && looksIntoHttp2(this.#context.claims.of(this.#port))) this.#passHttp2();
    else this.#passWhole(this.#opaqueTaker(first));
  }

  #opaqueTaker(bytes: Buffer): SessionClaim | undefined {
    // A program that has accepted the connection keeps it, whatever has become of its claim.
    const accepted = [...this.#sides.keys()].find((claim) => claim !== undefined);
    const taker = accepted ?? this.#unreadTaker();
    if (taker === undefined && isTls(bytes)) this.#context.sawTls(this.#port);
    return taker;
  }

  #unreadTaker(): SessionClaim | undefined {
    return this.#openings.served(this.#context.claims.decideUnread(this.#port).taker);
  }

  #passHttp2(): void {
    this.#handOver();
    for (const side of [...this.#sides.values()]) this.#drop(side);
    this.#context.takeHttp2(this.#connection, Buffer.concat([...this.#opaque, this.#rest]));
  }

  /** From here on all that comes goes to one side. */
  #passWhole(claim: SessionClaim | undefined): void {
    const unread = () => this.#context.claims.decideUnread(this.#port).copies.map((each) => this.#copyFor(each));
    const copies = this.#lastAsked === undefined ? unread() : (this.#current?.copies ?? []);
    this.#handOver();
    this.#requests.becomeOpaque();
    const side = this.#sides.get(claim);
    side?.detach();
    for (const other of [...this.#sides.values()]) if (other !== side) this.#drop(other);
    const parts = this.#waiting?.parts ?? this.#undecided?.parts ?? [];
    this.#undecided?.close();
    const early = [...parts, ...this.#opaque, ...(this.#rest.length > 0 ? [this.#rest] : [])];
    new WholeConnection(this.#connection, this.#context, {
      claim,
      stream: side?.stream,
      early,
      copies,
      clientEnded: this.#clientEnded,
    });
  }

  /** Somebody else has the client from here on. */
  #handOver(): void {
    this.#isHandedOver = true;
    this.#clearTimers();
    this.#context.held.forget(this);
    this.#client.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose).pause();
  }

  // The ends.

  #onClientEnd(): void {
    this.#clientEnded = true;
    if (this.#requests.heldBytes > 0) this.#becomeOpaque();
    else this.#endSides();
  }

  /** The client's end goes on when all its bytes have. */
  #endSides(): void {
    if (this.#rest.length > 0 || this.#waiting !== undefined || this.#undecided !== undefined) return;
    for (const { stream } of this.#sides.values()) stream.end();
    for (const copy of this.#copies.values()) copy.end();
    if (this.#sides.size === 0) this.#client.end();
  }

  #onClientClose(broken: boolean): void {
    this.#clearTimers();
    this.#undecided?.close();
    this.#context.held.forget(this);
    for (const copy of this.#copies.values()) copy.end();
    for (const { stream } of this.#sides.values()) endSide(stream, !broken && this.#clientEnded);
  }

  #clearTimers(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }
}
