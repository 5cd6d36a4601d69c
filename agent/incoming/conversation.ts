// One client's connection to a claimed port, from its first byte to its last. Its requests are split by the parser,
// each is decided for itself and goes to a side: the original container or a session's program; the answers come
// back in the requests' order. What is no HTTP goes to one side, whole. No byte is changed on the way.
//
// Requests for one side are passed on as they come. One for another side waits until all before it are answered,
// so only one side at a time has something to say.

import type { Socket } from 'node:net';
import type { RemoteError } from '../../src/protocol/failure.ts';
import type { FilteredRequest } from '../../src/protocol/http-filter/compile.ts';
import type { Claims, Decision } from './claims.ts';
import { type RequestHead, type ResponseHead, readRequestHead } from './http1/head.ts';
import { MessageParser } from './http1/message-parser.ts';
import { withClose } from './http1/response-close.ts';
import { MirrorCopy } from './mirror-copy.ts';
import type { Original } from './original.ts';
import type { Redirected } from './redirect.ts';
import { filteredRequest } from './request.ts';
import type { SessionClaim } from './session-claim.ts';
import { makeSide, type Side } from './side.ts';

export interface ConversationContext {
  readonly claims: Claims<FilteredRequest, SessionClaim>;
  readonly original: Original;
  /** Bytes of heads that wait to be whole, of all connections. */
  readonly held: { bytes: number };
  /** The port gets TLS, which no filter can read. */
  readonly sawTls: (port: number) => void;
  /** Takes over a connection that speaks HTTP/2; `first` is what has been read of it. */
  readonly takeHttp2: (connection: Redirected, first: Buffer) => void;
}

/** A request that has been passed on, until it is over and answered. */
interface Exchange {
  readonly side: Side;
  readonly head: RequestHead;
  requestOver: boolean;
  answered: boolean;
}

/** A request that cannot go on yet, and as much of it as has come. */
interface Waiting {
  readonly head: RequestHead;
  readonly parts: Buffer[];
  over: boolean;
  decision: Decision<SessionClaim>;
}

/** A request whose body has to be seen before it can be decided. */
interface Undecided {
  readonly head: RequestHead;
  readonly parts: Buffer[];
  readonly content: Buffer[];
  bytes: number;
  readonly limit: number;
  readonly timer: NodeJS.Timeout;
}

/** A client that says nothing at first may wait for the server to speak: the original is asked after this time. */
const silenceMs = 50;
/** Requests that are passed on without having been answered. */
const maxPipelined = 64;
/** Of all connections' heads that are not whole: a client beyond that is passed on unread. */
const maxHeldBytes = 32 * 1024 * 1024;
/** How long a side may take to end when the client has. */
const lingerMs = 5_000;

const nothing: Buffer = Buffer.alloc(0);

export class Conversation {
  #connection: Redirected;
  #client: Socket;
  #context: ConversationContext;
  #requests: MessageParser<RequestHead>;
  #rest: Buffer = nothing;
  #heldBytes = 0;
  #sides = new Map<SessionClaim | undefined, Side>();
  #opening = new Set<SessionClaim>();
  /** Claims that nobody serves just now: more connections wait for their next program than its proxy holds. */
  #passedOver = new Set<SessionClaim>();
  #exchanges: Exchange[] = [];
  #lastAsked: Side | undefined;
  #waiting: Waiting | undefined;
  #undecided: Undecided | undefined;
  /** Of the request whose body is coming. */
  #current: { readonly exchange: Exchange; readonly copies: readonly MirrorCopy[] } | undefined;
  #copies = new Map<SessionClaim, MirrorCopy>();
  #answer: ResponseHead | undefined;
  /** The one side that has the connection for good, or whose program is being asked. */
  #whole:
    | { readonly claim: SessionClaim | undefined; readonly early: Buffer[]; copies: readonly MirrorCopy[] }
    | undefined;
  #timers: NodeJS.Timeout[] = [];
  #pauses = new Set<string>();
  /** HTTP/2's first bytes, until the connection is handed over. */
  #http2: Buffer | undefined;
  #isHandedOver = false;
  #clientEnded = false;
  #draining = false;

  #onData = (chunk: Buffer) => this.#onClient(chunk);
  #onEnd = () => this.#onClientEnd();
  #onClose = (broken: boolean) => this.#onClientClose(broken);

  constructor(connection: Redirected, context: ConversationContext) {
    this.#connection = connection;
    this.#client = connection.socket;
    this.#context = context;
    this.#requests = new MessageParser(readRequestHead, {
      onHead: (head, bytes) => this.#onHead(head, bytes),
      onBody: (bytes, isData) => this.#onBody(bytes, isData),
      onMessageEnd: () => this.#onRequestEnd(),
      onOpaque: (bytes) => this.#onOpaque(bytes),
    });
  }

  get #port(): number {
    return this.#connection.server.port;
  }

  get #isGone(): boolean {
    return this.#client.destroyed || this.#isHandedOver;
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
    if (this.#whole === undefined && this.#exchanges.length === 0 && this.#requests.isBetweenMessages)
      this.#client.end();
  }

  /** Opens the side that has it if no request says otherwise: it may be the one that speaks first. */
  #prepare(): void {
    const claims = this.#context.claims.of(this.#port);
    const taker = this.#served(this.#context.claims.decideUnread(this.#port).taker);
    const filters = claims.some(({ mode, filter }) => mode === 'steal' && filter !== undefined);
    if (taker !== undefined || !filters) this.#open(taker);
    else this.#timers.push(setTimeout(() => this.#open(undefined), silenceMs));
    const detectionMs = Math.max(0, ...claims.map(({ limits }) => limits.detectionMs));
    this.#timers.push(setTimeout(() => this.#detectionOver(), detectionMs));
  }

  /** What has not turned out to be HTTP in this time is none, if anything has come. */
  #detectionOver(): void {
    if (this.#requests.heldBytes > 0 && !this.#requests.hasFirstLine) this.#requests.becomeOpaque();
  }

  // From the client.

  #onClient(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#parse();
  }

  #parse(): void {
    if (this.#waiting !== undefined) return;
    const bytes = this.#rest;
    this.#rest = nothing;
    const taken = this.#requests.push(bytes);
    if (taken < bytes.length) this.#rest = this.#rest.length === 0 ? bytes.subarray(taken) : this.#rest;
    this.#countHeld();
    if (this.#http2 !== undefined) this.#handOver(Buffer.concat([this.#http2, this.#rest]));
    else if (this.#clientEnded) this.#endSides();
  }

  #countHeld(): void {
    const { held } = this.#context;
    held.bytes += this.#requests.heldBytes - this.#heldBytes;
    this.#heldBytes = this.#requests.heldBytes;
    if (this.#heldBytes > 0 && held.bytes > maxHeldBytes) {
      this.#requests.becomeOpaque();
      this.#countHeld();
    }
  }

  #onHead(head: RequestHead, bytes: Buffer): void {
    this.#clearTimers();
    const hasBody = head.framing.kind !== 'length' || head.framing.bytes > 0;
    const readers = hasBody ? this.#context.claims.of(this.#port).filter(({ readsBody }) => readsBody) : [];
    if (readers.length === 0) return this.#decide(head, [bytes], undefined, false);
    const timer = setTimeout(() => this.#decideUnseen(), Math.max(...readers.map(({ limits }) => limits.maxBodyMs)));
    const limit = Math.max(...readers.map(({ limits }) => limits.maxBodyBytes));
    this.#undecided = { head, parts: [bytes], content: [], bytes: 0, limit, timer };
  }

  #onBody(bytes: Buffer, isData: boolean): void {
    const undecided = this.#undecided;
    if (undecided !== undefined) {
      undecided.parts.push(bytes);
      if (isData) undecided.content.push(bytes);
      undecided.bytes += bytes.length;
      if (undecided.bytes > undecided.limit) this.#decideUnseen();
    } else if (this.#waiting !== undefined) {
      this.#waiting.parts.push(bytes);
    } else if (this.#current !== undefined) {
      this.#toSide(this.#current.exchange.side, bytes);
      for (const copy of this.#current.copies) copy.write(bytes);
    }
  }

  #onRequestEnd(): void {
    if (this.#undecided !== undefined) {
      const { head, parts, content, timer } = this.#undecided;
      clearTimeout(timer);
      this.#undecided = undefined;
      this.#decide(head, parts, Buffer.concat(content), true);
    } else if (this.#waiting !== undefined) {
      this.#waiting.over = true;
    } else if (this.#current !== undefined) {
      this.#current.exchange.requestOver = true;
      this.#finishExchange();
    }
  }

  /** The body is too long, or too slow, for a filter to wait for it. */
  #decideUnseen(): void {
    if (this.#undecided === undefined) return;
    const { head, parts, timer } = this.#undecided;
    clearTimeout(timer);
    this.#undecided = undefined;
    this.#decide(head, parts, undefined, false);
  }

  #decide(head: RequestHead, parts: Buffer[], body: Buffer | undefined, over: boolean): void {
    const decision = this.#context.claims.decide(this.#port, filteredRequest(head, body));
    this.#dispatch({ head, parts, over, decision });
  }

  // To a side.

  #dispatch(request: Waiting): void {
    const { taker } = request.decision;
    if (taker !== undefined && !this.#context.claims.of(this.#port).includes(taker)) {
      // Released while the request waited.
      request.decision = this.#context.claims.decide(this.#port, filteredRequest(request.head, undefined));
    }
    const claim = this.#served(request.decision.taker);
    const last = this.#exchanges.at(-1);
    const isItsTurn =
      last === undefined || (last.side.claim === claim && !last.head.upgrades && this.#exchanges.length < maxPipelined);
    if (isItsTurn && !this.#sides.has(claim)) this.#open(claim);
    const side = this.#sides.get(claim);
    if (isItsTurn && side !== undefined) return this.#forward(request, side);
    this.#waiting = request;
    this.#requests.stop();
    this.#pause('turn');
  }

  #forward({ head, parts, over, decision }: Waiting, side: Side): void {
    const exchange: Exchange = { side, head, requestOver: over, answered: false };
    this.#exchanges.push(exchange);
    side.wasAsked = true;
    this.#lastAsked = side;
    const copies = decision.copies.map((claim) => this.#copyFor(claim));
    this.#current = { exchange, copies };
    for (const bytes of parts) {
      this.#toSide(side, bytes);
      for (const copy of copies) copy.write(bytes);
    }
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
    if (waiting !== undefined) {
      this.#waiting = undefined;
      this.#dispatch(waiting);
    }
    if (this.#waiting !== undefined) return;
    this.#resume('turn');
    if (this.#rest.length > 0 || waiting !== undefined) this.#parse();
  }

  #open(claim: SessionClaim | undefined): void {
    if (this.#sides.has(claim) || this.#isGone) return;
    if (claim === undefined) {
      this.#addSide(undefined, this.#context.original.connect(this.#connection));
    } else if (!this.#opening.has(claim)) {
      this.#opening.add(claim);
      claim.open(this.#connection).then(
        (channel) => {
          this.#opening.delete(claim);
          if (this.#isGone) return channel.destroy();
          this.#addSide(claim, channel);
          if (this.#whole === undefined) this.#advance();
        },
        (error: RemoteError) => void this.#refused(claim, error),
      );
    }
  }

  /** One that a program refuses because it ends goes to the pod, or to whoever claims it now. */
  async #refused(claim: SessionClaim, { code }: RemoteError): Promise<void> {
    if (code === 'NOBODY_LISTENS') this.#passedOver.add(claim);
    const reason = this.#passedOver.has(claim) ? 'released' : await claim.settled();
    this.#opening.delete(claim);
    if (this.#isGone) return;
    const isNeeded = this.#whole === undefined ? this.#waiting?.decision.taker === claim : this.#whole.claim === claim;
    if (reason === 'refused') {
      // As from a port that is closed, unless the request that has come since is another side's.
      if (isNeeded || this.#sides.size === 0) this.#client.resetAndDestroy();
    } else if (this.#whole !== undefined) {
      if (isNeeded) this.#retakeWhole();
    } else if (this.#waiting === undefined && this.#sides.size === 0) {
      this.#prepare();
    } else {
      this.#advance();
    }
  }

  #served(taker: SessionClaim | undefined): SessionClaim | undefined {
    return taker !== undefined && this.#passedOver.has(taker) ? undefined : taker;
  }

  #addSide(claim: SessionClaim | undefined, stream: Side['stream']): void {
    const side = makeSide(claim, stream, {
      methodAnswered: () => this.#exchanges[0]?.head.method ?? 'GET',
      onHead: (head, bytes) => this.#onAnswer(side, head, bytes),
      onBody: (bytes) => this.#toClient(side, bytes),
      onMessageEnd: () => this.#onAnswerEnd(),
      onOpaque: (bytes) => this.#onOpaqueAnswer(side, bytes),
    });
    this.#sides.set(claim, side);
    stream.on('data', (chunk: Buffer) => this.#onSide(side, chunk));
    stream.once('end', () => this.#onSideEnd(side));
    stream.on('error', () => {}); // 'close' follows, and says it
    stream.once('close', () => this.#onSideClose(side));
    if (stream.destroyed) return this.#onSideClose(side);
    if (this.#whole !== undefined) this.#beginWhole(side);
  }

  #toSide({ stream }: Side, bytes: Buffer): void {
    if (stream.write(bytes)) return;
    this.#pause('full');
    stream.once('drain', () => this.#resume('full'));
  }

  // From a side.

  #onSide(side: Side, chunk: Buffer): void {
    const current = this.#exchanges[0];
    if (this.#whole !== undefined) {
      if (this.#sides.get(this.#whole.claim) === side) this.#toClient(side, chunk);
    } else if (current?.side === side) {
      side.answers.push(chunk);
    } else if (current === undefined && (this.#lastAsked ?? side) === side) {
      // A server that speaks first; or one that ends the connection with a word.
      this.#takeWhole(side.claim);
      this.#toClient(side, chunk);
    } else {
      this.#drop(side);
    }
  }

  #onAnswer(side: Side, head: ResponseHead, bytes: Buffer): void {
    const isLast = this.#draining && head.status >= 200;
    this.#answer = isLast ? { ...head, closes: true } : head;
    this.#toClient(side, isLast ? withClose(bytes) : bytes);
    if (head.framing.kind === 'tunnel') this.#takeWhole(side.claim);
  }

  #onAnswerEnd(): void {
    const [exchange] = this.#exchanges;
    if (exchange === undefined || (this.#answer?.status ?? 0) < 200) return;
    exchange.answered = true;
    if (this.#answer?.closes === true) this.#endClient();
    this.#finishExchange();
  }

  #onOpaqueAnswer(side: Side, bytes: Buffer): void {
    if (this.#whole === undefined) this.#takeWhole(side.claim);
    this.#toClient(side, bytes);
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
    side.isOver = true;
    const [current] = this.#exchanges;
    const hasAll = this.#whole !== undefined && this.#whole.claim === side.claim;
    // A program that ends an idle connection is asked anew by the next request; the pod's end is the client's.
    const isItsEnd =
      current === undefined && (this.#lastAsked ?? side) === side && (side.claim === undefined || !side.wasAsked);
    if (hasAll || current?.side === side || isItsEnd || this.#clientEnded) this.#endClient();
    else this.#drop(side);
  }

  #onSideClose(side: Side): void {
    if (this.#sides.get(side.claim) !== side) return;
    const isBroken = !side.isOver;
    const [current] = this.#exchanges;
    const hasAll = this.#whole !== undefined && this.#whole.claim === side.claim;
    const isItsEnd =
      current === undefined && (this.#lastAsked ?? side) === side && (side.claim === undefined || !side.wasAsked);
    this.#sides.delete(side.claim);
    if (!isBroken) return;
    if (current?.side === side && current.answered) this.#endClient();
    else if (hasAll || current?.side === side || isItsEnd) this.#breakClient();
  }

  /** As the side has broken off; what it said before gets to the client. */
  #breakClient(): void {
    if (this.#client.writableLength === 0) this.#client.resetAndDestroy();
    else this.#client.write(nothing, () => this.#client.resetAndDestroy());
  }

  #toClient({ stream }: Side, bytes: Buffer): void {
    if (this.#client.writableEnded || this.#client.write(bytes)) return;
    stream.pause();
    this.#client.once('drain', () => stream.resume());
  }

  #drop(side: Side): void {
    this.#sides.delete(side.claim);
    side.stream.destroy();
  }

  // What is no HTTP.

  #onOpaque(bytes: Buffer): void {
    if (this.#whole === undefined) {
      if (this.#lastAsked === undefined && this.#isHttp2(bytes)) {
        this.#http2 = bytes;
        this.#requests.stop();
        return;
      }
      this.#takeWhole(this.#exchanges.at(-1)?.side.claim ?? this.#lastAsked?.claim ?? this.#unreadTaker(bytes));
    }
    const whole = this.#whole;
    if (whole === undefined) return;
    for (const copy of whole.copies) copy.write(bytes);
    const side = this.#sides.get(whole.claim);
    if (side === undefined) whole.early.push(bytes);
    else this.#toSide(side, bytes);
  }

  /** HTTP/2, and somebody wants to know what is in its streams. */
  #isHttp2(bytes: Buffer): boolean {
    if (!bytes.subarray(0, http2Preface.length).equals(http2Preface)) return false;
    const claims = this.#context.claims.of(this.#port);
    return claims.some(({ mode, filter, readsAll }) => filter !== undefined || (mode === 'steal' && !readsAll));
  }

  #handOver(first: Buffer): void {
    this.#clearTimers();
    for (const side of [...this.#sides.values()]) this.#drop(side);
    this.#client.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose).pause();
    this.#isHandedOver = true;
    this.#context.takeHttp2(this.#connection, first);
  }

  #unreadTaker(bytes: Buffer): SessionClaim | undefined {
    // A program that has accepted the connection keeps it, whatever has become of its claim.
    const [accepted] = [...this.#sides.keys()].filter((claim) => claim !== undefined);
    if (accepted !== undefined) return accepted;
    const isTls = bytes[0] === 0x16 && bytes[1] === 0x03;
    const taker = this.#served(this.#context.claims.decideUnread(this.#port).taker);
    if (isTls && taker === undefined) this.#context.sawTls(this.#port);
    return taker;
  }

  /** From here on all that comes goes to one side, and nothing is parsed. */
  #takeWhole(claim: SessionClaim | undefined): void {
    this.#clearTimers();
    const copies =
      this.#lastAsked === undefined
        ? this.#context.claims.decideUnread(this.#port).copies.map((each) => this.#copyFor(each))
        : (this.#current?.copies ?? []);
    this.#whole = { claim, early: [], copies };
    this.#exchanges = [];
    for (const side of [...this.#sides.values()]) if (side.claim !== claim) this.#drop(side);
    this.#requests.becomeOpaque();
    const side = this.#sides.get(claim);
    side?.answers.becomeOpaque();
    if (side === undefined) {
      this.#pause('opening');
      this.#open(claim);
    }
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    for (const bytes of waiting.parts) this.#onOpaque(bytes);
    queueMicrotask(() => this.#advance());
  }

  #beginWhole(side: Side): void {
    if (this.#whole === undefined) return;
    if (side.claim !== this.#whole.claim) return this.#drop(side);
    for (const bytes of this.#whole.early.splice(0)) this.#toSide(side, bytes);
    this.#resume('opening');
    if (this.#clientEnded) this.#endSides();
  }

  /** The program that was to have it is gone. */
  #retakeWhole(): void {
    const early = this.#whole?.early ?? [];
    const taker = this.#served(this.#context.claims.decideUnread(this.#port).taker);
    this.#whole = { claim: taker, early, copies: this.#whole?.copies ?? [] };
    this.#open(taker);
  }

  // The ends.

  #onClientEnd(): void {
    this.#clientEnded = true;
    if (this.#requests.heldBytes > 0) this.#requests.becomeOpaque();
    this.#endSides();
  }

  /** The client's end goes on when all its bytes have. */
  #endSides(): void {
    if (this.#rest.length > 0 || this.#waiting !== undefined || this.#undecided !== undefined) return;
    if ((this.#whole?.early.length ?? 0) > 0 || (this.#whole !== undefined && this.#sides.size === 0)) return;
    for (const { stream } of this.#sides.values()) stream.end();
    for (const copy of this.#copies.values()) copy.end();
    if (this.#sides.size === 0) this.#client.end();
  }

  #endClient(): void {
    if (this.#client.writableEnded) return;
    this.#client.end();
    // One that never ends its half would hold the connection for ever.
    this.#client.setTimeout(lingerMs, () => this.#client.destroy());
  }

  #onClientClose(broken: boolean): void {
    this.#clearTimers();
    if (this.#undecided !== undefined) clearTimeout(this.#undecided.timer);
    this.#context.held.bytes -= this.#heldBytes;
    this.#heldBytes = 0;
    for (const copy of this.#copies.values()) copy.end();
    for (const { stream } of this.#sides.values()) {
      const isReset = broken || !this.#clientEnded;
      if (isReset && 'resetAndDestroy' in stream) (stream as Socket).resetAndDestroy();
      else if (isReset) stream.destroy();
      else this.#endLater(stream);
    }
  }

  #endLater(stream: Side['stream']): void {
    stream.end();
    stream.resume();
    const timer = setTimeout(() => stream.destroy(), lingerMs);
    stream.once('close', () => clearTimeout(timer));
  }

  #clearTimers(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }

  #pause(reason: string): void {
    this.#pauses.add(reason);
    this.#client.pause();
  }

  #resume(reason: string): void {
    if (this.#pauses.delete(reason) && this.#pauses.size === 0) this.#client.resume();
  }
}

const http2Preface = Buffer.from('PRI * HTTP/2.0\r\n');
