// One connection between a proxy and an agent: calls and byte streams, many at once, over one byte
// stream (a Kubernetes port-forward). Both ends run this code; what they answer is in their handlers.

import type { Duplex } from 'node:stream';
import { Channel, type ChannelPort } from './channel.ts';
import { decodeFailure, encodeFailure, RemoteError } from './failure.ts';
import {
  encodeFrame,
  encodeHeader,
  type Frame,
  FrameDecoder,
  FrameError,
  maxPayloadBytes,
  type OutgoingFrame,
} from './frame.ts';
import { checkVersion, decodeHello, encodeHello, type Hello, productVersion } from './hello.ts';
import {
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest,
  type MessageName,
  messageName,
  messages,
  type ReplyOf,
  type RequestOf,
} from './schema.ts';

/**
 * Answers to the other side's requests. A stream's handler gets its channel, which carries bytes once
 * the reply is sent; whoever rejects sends a failure, and the channel is over.
 */
export type Handlers = {
  readonly [Name in MessageName]?: (
    request: RequestOf<Name>,
    channel: Channel,
  ) => Promise<ReplyOf<Name>> | ReplyOf<Name>;
};

/** Something is sent when the link was idle for this long, so that proxies on the way keep it. */
const pingIntervalMs = 5_000;
/** A peer that has been silent for this long is gone; it would have answered three pings. */
const silenceLimitMs = 20_000;

type Pending = { readonly resolve: (payload: Buffer) => void; readonly reject: (error: Error) => void };

export class Link implements ChannelPort {
  /** Who is on the other side. */
  readonly peer: Hello;
  /** Settles when the link is over: with the reason, or undefined after `close()`. Never rejects. */
  readonly closed: Promise<Error | undefined>;

  #transport: Duplex;
  #handlers: Handlers = {};
  #decoder: FrameDecoder;
  #pending = new Map<number, Pending>();
  #channels = new Map<number, Channel>();
  #waiting: (() => void)[] = [];
  #nextChannel: number;
  #sequence = 0;
  #received = 0;
  #lastHeardMs = Date.now();
  #pinger: NodeJS.Timeout;
  #corked = false;
  #over = false;
  #settleClosed: (reason: Error | undefined) => void = () => {};

  private constructor(transport: Duplex, decoder: FrameDecoder, peer: Hello, firstChannel: 1 | 2) {
    this.#transport = transport;
    this.#decoder = decoder;
    this.#nextChannel = firstChannel;
    this.peer = peer;
    this.closed = new Promise((settle) => {
      this.#settleClosed = settle;
    });
    this.#pinger = setInterval(() => this.#ping(), pingIntervalMs);
    this.#pinger.unref();
    transport.on('data', (chunk: Buffer) => this.#receive(chunk));
    transport.on('drain', () => this.#takeTurns());
    transport.on('error', (error) => this.#end(error));
    transport.on('close', () => this.#end(new Error('the connection was closed')));
    transport.resume(); // from the next tick on, so after `serve`
  }

  /**
   * Opens the link from the proxy's side: says hello and waits for the agent's.
   * @throws RemoteError with the agent's code (`PROTOCOL_MISMATCH`, …), or `LINK_CLOSED`
   */
  static async connect(transport: Duplex, own: Hello, timeoutMs: number): Promise<Link> {
    transport.write(encodeFrame({ kind: 'hello', channel: 0, payload: encodeHello(own) }));
    const { frame, decoder } = await firstFrame(transport, timeoutMs);
    if (frame.kind === 'failure') throw decodeFailure(frame.payload);
    const peer = decodeHello(frame.payload);
    checkVersion(own, peer);
    return new Link(transport, decoder, peer, 1);
  }

  /**
   * Opens the link from the agent's side: waits for the proxy's hello and answers it.
   * @param ready rejects with the reason why this agent cannot serve; the proxy is told
   */
  static async accept(transport: Duplex, own: Hello, ready: () => Promise<void>, timeoutMs: number): Promise<Link> {
    const { frame, decoder } = await firstFrame(transport, timeoutMs);
    try {
      const peer = decodeHello(frame.payload);
      checkVersion(own, peer);
      await ready();
      transport.write(encodeFrame({ kind: 'hello', channel: 0, payload: encodeHello(own) }));
      return new Link(transport, decoder, peer, 2);
    } catch (error) {
      transport.end(encodeFrame({ kind: 'failure', channel: 0, payload: encodeFailure(error) }));
      throw error;
    }
  }

  /** Sets what this side answers. Call it before the other side can ask, in the turn that made the link. */
  serve(handlers: Handlers): void {
    this.#handlers = handlers;
  }

  /** @throws RemoteError with the other side's code, or `LINK_CLOSED` */
  async request<Name extends MessageName>(name: Name, value: RequestOf<Name>): Promise<ReplyOf<Name>> {
    return decodeReply(name, await this.forward(messages[name].number, encodeRequest(name, value)));
  }

  /** Asks for a byte stream; it is open when the promise resolves. */
  async openStream<Name extends MessageName>(
    name: Name,
    value: RequestOf<Name>,
  ): Promise<{ readonly reply: ReplyOf<Name>; readonly channel: Channel }> {
    const { payload, channel } = await this.forwardStream(messages[name].number, encodeRequest(name, value));
    return { reply: decodeReply(name, payload), channel };
  }

  /** Passes an encoded request on and returns the encoded reply: the proxy switches calls without reading them. */
  forward(message: number, payload: Buffer): Promise<Buffer> {
    return this.#ask(this.#takeChannel(), message, payload);
  }

  /**
   * `forward` for a stream.
   * @param signal gives it up before it is open: the other side stops at once what it does for it
   * @throws RemoteError as `request`; `ECANCELED` when it was given up
   */
  async forwardStream(
    message: number,
    payload: Buffer,
    signal?: AbortSignal,
  ): Promise<{ readonly payload: Buffer; readonly channel: Channel }> {
    if (signal?.aborted) throw givenUp();
    const id = this.#takeChannel();
    const channel = new Channel(this, id);
    // In the map before the reply comes: the first data can be in the same chunk.
    this.#channels.set(id, channel);
    const giveUp = () => this.#giveUp(id);
    signal?.addEventListener('abort', giveUp);
    try {
      return { payload: await this.#ask(id, message, payload), channel };
    } catch (error) {
      channel.destroy();
      throw error;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** Ends the link. May be called twice. */
  close(): void {
    this.#end(undefined);
  }

  send(kind: OutgoingFrame['kind'], channel: number, payload?: Buffer, message = 0): void {
    if (this.#over) return;
    if (!this.#corked) {
      // All frames of one turn leave in one write.
      this.#corked = true;
      this.#transport.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#transport.uncork();
      });
    }
    this.#sequence = (this.#sequence + 1) >>> 0;
    const frame = { kind, channel, message, sequence: this.#sequence, acknowledged: this.#received };
    if (payload === undefined || payload.length === 0) {
      this.#transport.write(encodeHeader(frame));
    } else {
      this.#transport.write(encodeHeader({ ...frame, payload }));
      this.#transport.write(payload);
    }
  }

  whenWritable(ready: () => void): void {
    if (this.#over || !this.#transport.writableNeedDrain) ready();
    else this.#waiting.push(ready);
  }

  forget(channel: number): void {
    this.#channels.delete(channel);
  }

  #takeTurns(): void {
    for (let turns = this.#waiting.length; turns > 0; turns--) {
      if (!this.#over && this.#transport.writableNeedDrain) return;
      this.#waiting.shift()?.();
    }
  }

  #takeChannel(): number {
    const id = this.#nextChannel;
    // Each side has its own parity; after 2^31 channels the numbers start again, long unused.
    this.#nextChannel = id + 2 > 0xffffffff ? (id % 2) + 2 : id + 2;
    return id;
  }

  #ask(channel: number, message: number, payload: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(linkClosed());
      this.#pending.set(channel, { resolve, reject });
      this.send('request', channel, payload, message);
    });
  }

  /** Whatever the other side answers, perhaps already on its way, belongs to no channel any more. */
  #giveUp(id: number): void {
    this.#settle(id)?.reject(givenUp());
    this.send('reset', id);
  }

  #receive(chunk: Buffer): void {
    this.#lastHeardMs = Date.now();
    try {
      for (const frame of this.#decoder.push(chunk)) {
        const expected = (this.#received + 1) >>> 0;
        if (frame.sequence !== expected) throw new FrameError(`frame ${frame.sequence} came instead of ${expected}`);
        this.#received = frame.sequence;
        this.#dispatch(frame);
      }
    } catch (error) {
      this.#end(error as Error);
    }
  }

  #dispatch({ kind, channel, message, payload }: Frame): void {
    switch (kind) {
      case 'request':
        void this.#answer(message, channel, payload);
        return;
      case 'reply':
        this.#channels.get(channel)?.opened();
        this.#settle(channel)?.resolve(payload);
        return;
      case 'failure':
        this.#settle(channel)?.reject(decodeFailure(payload));
        return;
      case 'data':
        if (this.#channels.get(channel)?.received(payload) === false) {
          throw new FrameError(`channel ${channel} was sent more than its credit`);
        }
        return;
      case 'end':
        this.#channels.get(channel)?.receivedEnd();
        return;
      case 'reset':
        this.#channels.get(channel)?.receivedReset();
        return;
      case 'credit':
        this.#channels.get(channel)?.receivedCredit(payload.readUInt32LE(0));
        return;
      case 'ping':
        this.send('pong', 0);
        return;
      case 'pong':
        return;
      case 'hello':
        throw new FrameError('a second hello');
    }
  }

  #settle(channel: number): Pending | undefined {
    const pending = this.#pending.get(channel);
    this.#pending.delete(channel);
    return pending;
  }

  async #answer(number: number, id: number, payload: Buffer): Promise<void> {
    const name = messageName(number);
    const channel = new Channel(this, id);
    const stream = name !== undefined && messages[name].stream;
    if (stream) this.#channels.set(id, channel);
    try {
      const reply = await this.#callHandler(name, number, payload, channel);
      if (reply.length > maxPayloadBytes) throw new RemoteError('EMSGSIZE', `an answer of ${reply.length} bytes`);
      this.send('reply', id, reply);
      if (stream) channel.opened();
    } catch (error) {
      channel.destroy();
      this.send('failure', id, encodeFailure(error));
    }
  }

  async #callHandler(
    name: MessageName | undefined,
    number: number,
    payload: Buffer,
    channel: Channel,
  ): Promise<Buffer> {
    const handler = name === undefined ? undefined : this.#handlers[name];
    if (name === undefined || handler === undefined) {
      throw new RemoteError('ENOSYS', `message ${name ?? number} is not known here (version ${productVersion})`);
    }
    // The handler under a name takes that name's request; TypeScript cannot follow the index.
    const answer = handler as (request: unknown, channel: Channel) => Promise<ReplyOf<MessageName>>;
    return encodeReply(name, await answer(decodeRequest(name, payload), channel));
  }

  #ping(): void {
    if (Date.now() - this.#lastHeardMs > silenceLimitMs) {
      this.#end(new Error(`no answer for ${silenceLimitMs / 1000} seconds`));
    } else {
      this.send('ping', 0);
    }
  }

  #end(reason: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#pinger);
    for (const { reject } of this.#pending.values()) reject(linkClosed(reason));
    this.#pending.clear();
    for (const channel of [...this.#channels.values()]) channel.receivedReset();
    for (const ready of this.#waiting.splice(0)) ready();
    this.#transport.destroy();
    this.#settleClosed(reason);
  }
}

function givenUp(): RemoteError {
  return new RemoteError('ECANCELED', 'nobody waits for the answer any more');
}

/** The error of a call that the link did not outlive. */
export function linkClosed(reason?: Error): RemoteError {
  return new RemoteError('LINK_CLOSED', reason?.message ?? 'the connection to the agent is closed');
}

/** Waits for the frame that opens a connection; bytes behind it stay in the returned decoder's transport. */
function firstFrame(transport: Duplex, timeoutMs: number): Promise<{ frame: Frame; decoder: FrameDecoder }> {
  return new Promise((resolve, reject) => {
    const decoder = new FrameDecoder();
    const timer = setTimeout(() => fail(new RemoteError('ETIMEDOUT', `no hello within ${timeoutMs} ms`)), timeoutMs);
    const done = () => {
      clearTimeout(timer);
      transport.off('data', onData).off('error', fail).off('close', onClose);
      transport.pause();
    };
    const fail = (error: Error) => {
      done();
      reject(error);
    };
    const onClose = () => fail(linkClosed());
    const onData = (chunk: Buffer) => {
      try {
        const [frame, ...early] = decoder.push(chunk);
        if (frame === undefined) return;
        if (early.length > 0) throw new FrameError('frames before hello was answered');
        if (frame.kind !== 'hello' && frame.kind !== 'failure') throw new FrameError(`${frame.kind} instead of hello`);
        done();
        resolve({ frame, decoder });
      } catch (error) {
        fail(error as Error);
      }
    };
    transport.on('data', onData).on('error', fail).on('close', onClose);
  });
}
