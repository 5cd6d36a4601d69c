// How the bytes of a port-forward are put into WebSocket messages: the subprotocols that we speak.

import { dataHeader, openStreams, SpdyDecoder } from './spdy.ts';

/** What a message of the far end brings. */
export type Arrival =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  /** The text why the port cannot be reached. */
  | { readonly kind: 'error'; readonly bytes: Buffer }
  | { readonly kind: 'end' }
  | { readonly kind: 'reset' }
  /** To be sent back as it is. */
  | { readonly kind: 'echo'; readonly bytes: Buffer };

export interface Codec {
  /** Sent first. */
  readonly opening: Buffer | undefined;
  /** What stands before this many bytes of data in a message. */
  header(length: number): Buffer;
  /** @throws Error for what is not of this subprotocol */
  receive(message: Buffer): Arrival[];
}

/** By subprotocol, the best first: the API server takes the first that it knows. */
export const codecs: ReadonlyMap<string, (port: number) => Codec> = new Map([
  // kubectl's, from Kubernetes 1.30 on (KEP-4006). In between are one byte stream and one copy less, see
  // docs/decisions/0010.
  ['SPDY/3.1+portforward.k8s.io', spdy],
  ['v4.channel.k8s.io', channels],
]);

function spdy(port: number): Codec {
  const decoder = new SpdyDecoder();
  return { opening: openStreams(port), header: dataHeader, receive: (message) => decoder.push(message) };
}

const portNumberBytes = 2;

/**
 * v4.channel.k8s.io: each message begins with a byte for its channel. Channel 0 is data, channel 1 an error's
 * text; the first message on each is the port's number in two bytes.
 */
function channels(): Codec {
  const data = Buffer.of(0);
  const portBytesLeft = [portNumberBytes, portNumberBytes];
  return {
    opening: undefined,
    header: () => data,
    receive(message) {
      const channel = message[0] ?? 0;
      const left = portBytesLeft[channel];
      if (left === undefined) return [];
      const portBytes = Math.min(left, message.length - 1);
      portBytesLeft[channel] = left - portBytes;
      const bytes = message.subarray(1 + portBytes);
      return bytes.length === 0 ? [] : [{ kind: channel === 0 ? 'data' : 'error', bytes }];
    },
  };
}
