// A byte stream to a port of a pod: the API server's port-forward over a WebSocket, as a Node Duplex with
// true backpressure in both directions. How the bytes are put into messages is the subprotocol's: SPDY, as
// kubectl does it, or an older one (port-forward-codecs.ts). There is no half-close.

import type { ClientRequest } from 'node:http';
import { Duplex } from 'node:stream';
import WebSocket from 'ws';
import { explainApiError } from './api-errors.ts';
import type { Cluster } from './cluster.ts';
import { apiTimeoutMs } from './http.ts';
import { type Arrival, type Codec, codecs } from './port-forward-codecs.ts';

/** Written bytes that wait here before `write` says to wait; about as much as one message carries. */
const bufferBytes = 256 * 1024;
/** Closed without a closing handshake (RFC 6455 section 7.1.5): the connection broke. */
const abnormalClosure = 1006;

/** What the other end of the port-forward says; `refused` when nothing listens on the port. */
export class PortForwardError extends Error {
  override readonly name = 'PortForwardError';
  readonly refused: boolean;

  constructor(message: string) {
    super(message);
    this.refused = /refused/i.test(message);
  }
}

export class PortForward extends Duplex {
  #socket: WebSocket;
  #codec: Codec;

  /**
   * Opens a port-forward. That the pod's port is open is not known yet: a refusal destroys the stream with a
   * PortForwardError a moment later.
   * @throws MirrordError for what the API server or the way to it refuses
   */
  static async open(cluster: Cluster, namespace: string, pod: string, port: number): Promise<PortForward> {
    const attempt = { verb: 'create', resource: 'pods/portforward', namespace } as const;
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/portforward?ports=${port}`;
    try {
      // Compression would only cost: the far end does not offer it, and most of what we carry is TLS or compressed.
      const options: WebSocket.ClientOptions = { handshakeTimeout: apiTimeoutMs, perMessageDeflate: false };
      // A mask hides patterns from proxies on the way (RFC 6455 section 10.3), which TLS does already: all zeros
      // then, for which ws neither masks nor copies.
      if (cluster.server.startsWith('https:')) options.generateMask = (mask) => mask.fill(0);
      await cluster.kubeConfig.applyToHTTPSOptions(options);
      // http: becomes ws:, https: becomes wss:.
      const url = cluster.server.replace(/^http/, 'ws') + path;
      const chosen = chooseSubprotocol(options);
      const socket = new WebSocket(url, options);
      await opened(socket);
      const codec = codecs.get(chosen())?.(port);
      if (codec === undefined) throw new Error(`a port-forward by "${chosen()}", which is not known here`);
      return new PortForward(socket, codec);
    } catch (error) {
      throw explainApiError(error, cluster.server, attempt);
    }
  }

  private constructor(socket: WebSocket, codec: Codec) {
    super({ writableHighWaterMark: bufferBytes, readableHighWaterMark: bufferBytes });
    this.#socket = socket;
    this.#codec = codec;
    if (codec.opening !== undefined) socket.send(codec.opening);
    socket.on('message', (message: Buffer) => this.#receive(message));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', (code) => {
      if (code === abnormalClosure) this.destroy(new Error('the connection to the API server broke'));
      else this.push(null);
    });
    // What came between the answer to the upgrade and this turn (see `opened`).
    socket.resume();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#send([chunk], callback);
  }

  override _writev(entries: readonly { readonly chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#send(
      entries.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket.close();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#socket.terminate();
    callback(error);
  }

  /** Puts small chunks together into messages; `callback` when the kernel has taken the last. */
  #send(chunks: readonly Buffer[], callback: (error?: Error | null) => void): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return callback(new Error('the port-forward is closed'));
    let [count, bytes] = [0, 0];
    while (count < chunks.length && bytes < bufferBytes) bytes += chunks[count++]?.length ?? 0;
    const message = Buffer.concat([this.#codec.header(bytes), ...chunks.slice(0, count)]);
    this.#socket.send(message, (error) => {
      if (error || count === chunks.length) callback(error ?? null);
      else this.#send(chunks.slice(count), callback);
    });
  }

  #receive(message: Buffer): void {
    try {
      for (const arrival of this.#codec.receive(message)) this.#take(arrival);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #take(arrival: Arrival): void {
    switch (arrival.kind) {
      case 'data':
        if (!this.push(arrival.bytes)) this.#socket.pause();
        return;
      case 'error':
        this.destroy(new PortForwardError(arrival.bytes.toString('utf8').trim()));
        return;
      case 'end':
        this.push(null);
        return;
      case 'reset':
        this.destroy(new Error('the port-forward was reset'));
        return;
      case 'echo':
        this.#socket.send(arrival.bytes);
        return;
    }
  }
}

/**
 * Offers the subprotocols in place of `ws`, which holds them to be tokens (RFC 6455 section 4.1): Kubernetes'
 * have slashes.
 * @returns which one the API server chose, once the WebSocket is open
 */
function chooseSubprotocol(options: WebSocket.ClientOptions): () => string {
  let chosen = '';
  options.finishRequest = (request: ClientRequest) => {
    request.setHeader('Sec-WebSocket-Protocol', [...codecs.keys()].join(', '));
    request.prependOnceListener('upgrade', ({ headers }) => {
      chosen = headers['sec-websocket-protocol'] ?? '';
      delete headers['sec-websocket-protocol'];
    });
    request.end();
  };
  return () => chosen;
}

/** Waits for the WebSocket, and pauses it so that nothing is lost before somebody listens. */
function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () => {
      socket.off('error', reject);
      socket.pause();
      resolve();
    });
    socket.once('unexpected-response', (request, response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => {
        request.destroy();
        // The shape that explainApiError knows, that of client-node's ApiException.
        reject(Object.assign(new Error(`status ${response.statusCode}`), { code: response.statusCode, body }));
      });
    });
  });
}
