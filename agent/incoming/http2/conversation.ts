// One client's HTTP/2 connection to a claimed port (prior knowledge). Its header tables and windows belong to the
// connection, so streams cannot be dealt out as bytes: the agent ends the client's connection and has one to each
// side, by Node's own HTTP/2. What is in a stream comes through as it is.

import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import type { FilteredRequest } from '../../../src/protocol/http-filter/compile.ts';
import type { Claims } from '../claims.ts';
import type { Original } from '../original.ts';
import type { Redirected } from '../redirect.ts';
import type { SessionClaim } from '../session-claim.ts';
import { copyStream } from './copy.ts';
import { endsStream, fieldsOf, joinStreams, passTrailers } from './streams.ts';

const { NGHTTP2_REFUSED_STREAM } = constants;

export interface Http2Context {
  readonly claims: Claims<FilteredRequest, SessionClaim>;
  readonly original: Original;
}

/** Of each stream and connection, in both directions: what may be on its way (the default is 64 KiB). */
const windowBytes = 1024 * 1024;
const settings = { initialWindowSize: windowBytes, maxHeaderListSize: 128 * 1024, enablePush: false };

/** Makes server sessions of sockets that the redirect has accepted; it listens nowhere. */
const server: Http2Server = createServer({ settings: { ...settings, enableConnectProtocol: true } });
server.on('session', (session: ServerHttp2Session) => session.setLocalWindowSize(windowBytes));

export class Http2Conversation {
  #connection: Redirected;
  #context: Http2Context;
  #session: ServerHttp2Session | undefined;
  #sides = new Map<SessionClaim | undefined, Promise<ClientHttp2Session>>();

  constructor(connection: Redirected, context: Http2Context) {
    this.#connection = connection;
    this.#context = context;
  }

  /** @param first the bytes that have been read already */
  start(first: Buffer): void {
    const { socket } = this.#connection;
    socket.unshift(first);
    server.once('session', (session: ServerHttp2Session) => {
      this.#session = session;
      session.on('error', () => {}); // 'close' follows, and says it
      session.on('stream', (stream, headers, flags, raw) => void this.#onStream(stream, headers, flags, raw));
      session.once('close', () => this.#endSides());
    });
    server.emit('connection', socket); // the session is made in this very call
  }

  /** GOAWAY: streams that are open finish, new ones go to a new connection. */
  drain(): void {
    this.#session?.close();
  }

  async #onStream(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    flags: number,
    // Node gives it, and its types do not say so.
    raw: unknown,
  ): Promise<void> {
    stream.on('error', () => {});
    const fields = raw as readonly string[];
    const { port } = this.#connection.server;
    const { taker, copies } = this.#context.claims.decide(port, requestOf(headers, fields));
    const outgoing = fieldsOf(fields, headers);
    const endStream = endsStream(flags);
    try {
      const side = await this.#side(taker);
      if (stream.destroyed) return;
      const asked = side.request(outgoing, { endStream, waitForTrailers: !endStream });
      passTrailers(stream, asked);
      joinStreams(stream, asked);
      // In this turn, before the first content flows.
      for (const claim of copies) void this.#copy(claim, stream, outgoing, endStream);
    } catch {
      if (!stream.closed) stream.close(NGHTTP2_REFUSED_STREAM); // it may be tried again (RFC 9113 section 8.7)
    }
  }

  async #copy(
    claim: SessionClaim,
    stream: ServerHttp2Stream,
    headers: ReturnType<typeof fieldsOf>,
    endStream: boolean,
  ): Promise<void> {
    claim.mirrored.connections += 1;
    const copy = copyStream(claim, stream, endStream);
    try {
      copy.begin((await this.#side(claim)).request(headers, { endStream, waitForTrailers: !endStream }));
    } catch {
      copy.drop();
    }
  }

  /** The connection to a side, made when it is first asked, and anew when it has ended. */
  #side(claim: SessionClaim | undefined): Promise<ClientHttp2Session> {
    const known = this.#sides.get(claim);
    if (known !== undefined) return known;
    const opening = this.#open(claim);
    this.#sides.set(claim, opening);
    const forget = () => {
      if (this.#sides.get(claim) === opening) this.#sides.delete(claim);
    };
    opening.then((session) => session.once('close', forget).once('goaway', forget), forget);
    return opening;
  }

  async #open(claim: SessionClaim | undefined): Promise<ClientHttp2Session> {
    const stream: Duplex =
      claim === undefined ? this.#context.original.connect(this.#connection) : await claim.open(this.#connection);
    const session = connect('http://localhost', { createConnection: () => stream, settings });
    session.on('error', () => {});
    await new Promise<void>((resolve, reject) => {
      session.once('remoteSettings', () => resolve());
      session.once('close', () => reject(new Error('the side does not speak HTTP/2')));
    });
    session.setLocalWindowSize(windowBytes);
    return session;
  }

  #endSides(): void {
    for (const side of this.#sides.values()) {
      side.then(
        (session) => session.close(),
        () => {},
      );
    }
  }
}

/** What filters see: the pseudo-header fields as HTTP/1.1 would have them. */
function requestOf(headers: IncomingHttpHeaders, raw: readonly string[]): FilteredRequest {
  const lines: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    if (raw[at] === ':authority') lines.push(`host: ${raw[at + 1]}`);
    else if (!raw[at]?.startsWith(':')) lines.push(`${raw[at]}: ${raw[at + 1]}`);
  }
  return { method: headers[':method'] ?? '', path: headers[':path'] ?? '', headers: lines };
}
