// A byte stream to a port of a pod: the API server's port-forward over a WebSocket, as a Node Duplex with
// true backpressure in both directions.
//
// The subprotocol (v4.channel.k8s.io): each message begins with a byte for its channel. Channel 0 is data,
// channel 1 an error's text; the first message on each is the port's number in two bytes. There is no half-close.

import { Duplex } from 'node:stream';
import WebSocket from 'ws';
import { explainApiError } from './api-errors.ts';
import type { Cluster } from './cluster.ts';
import { apiTimeoutMs } from './http.ts';

/** Written bytes that wait here before `write` says to wait; as much as one message carries. */
const bufferBytes = 256 * 1024;
const dataChannel = 0;
const errorChannel = 1;
const portNumberBytes = 2;
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
  /** Bytes of the port number still to come, by channel. */
  #headerBytes = [portNumberBytes, portNumberBytes];

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
      await cluster.kubeConfig.applyToHTTPSOptions(options);
      // http: becomes ws:, https: becomes wss:.
      const socket = new WebSocket(cluster.server.replace(/^http/, 'ws') + path, 'v4.channel.k8s.io', options);
      await opened(socket);
      return new PortForward(socket);
    } catch (error) {
      throw explainApiError(error, cluster.server, attempt);
    }
  }

  private constructor(socket: WebSocket) {
    super({ writableHighWaterMark: bufferBytes, readableHighWaterMark: bufferBytes });
    this.#socket = socket;
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

  /** One message for all chunks; `callback` when the kernel has taken it. */
  #send(chunks: readonly Buffer[], callback: (error?: Error | null) => void): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return callback(new Error('the port-forward is closed'));
    const message = Buffer.concat([Buffer.of(dataChannel), ...chunks]);
    this.#socket.send(message, (error) => callback(error ?? null));
  }

  #receive(message: Buffer): void {
    const channel = message[0] ?? dataChannel;
    const header = Math.min(this.#headerBytes[channel] ?? 0, message.length - 1);
    this.#headerBytes[channel] = (this.#headerBytes[channel] ?? 0) - header;
    const payload = message.subarray(1 + header);
    if (payload.length === 0) return;
    if (channel === errorChannel) this.destroy(new PortForwardError(payload.toString('utf8').trim()));
    else if (channel === dataChannel && !this.push(payload)) this.#socket.pause();
  }
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
