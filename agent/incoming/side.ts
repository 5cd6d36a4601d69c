// One of the two or more that answer a client's requests: the original container, or a session's program. Its
// bytes are split into answers, so that it is known when the next request may go to another side.

import type { Duplex } from 'node:stream';
import { type ResponseHead, readResponseHead } from './http1/head.ts';
import { MessageParser } from './http1/message-parser.ts';
import type { SessionClaim } from './session-claim.ts';

export interface SideHandler {
  readonly onData: (side: Side, chunk: Buffer) => void;
  readonly onEnd: (side: Side) => void;
  readonly onClose: (side: Side) => void;
  readonly methodAnswered: () => string;
  readonly onHead: (side: Side, head: ResponseHead, bytes: Buffer) => void;
  readonly onBytes: (side: Side, bytes: Buffer) => void;
  readonly onMessageEnd: () => void;
  readonly onOpaque: (side: Side, bytes: Buffer) => void;
}

export interface Side {
  /** Undefined: the original container. */
  readonly claim: SessionClaim | undefined;
  readonly stream: Duplex;
  readonly answers: MessageParser<ResponseHead>;
  /** It has been asked something. */
  wasAsked: boolean;
  /** It says no more. */
  isOver: boolean;
  /** Somebody else reads its stream from here on. */
  detach(): void;
}

export function makeSide(claim: SessionClaim | undefined, stream: Duplex, handler: SideHandler): Side {
  const read = (bytes: Buffer) => readResponseHead(bytes, handler.methodAnswered());
  const answers = new MessageParser<ResponseHead>(read, {
    onHead: (head, bytes) => handler.onHead(side, head, bytes),
    onBody: (bytes) => handler.onBytes(side, bytes),
    onMessageEnd: handler.onMessageEnd,
    onOpaque: (bytes) => handler.onOpaque(side, bytes),
  });
  const onData = (chunk: Buffer) => handler.onData(side, chunk);
  const onEnd = () => {
    side.isOver = true;
    handler.onEnd(side);
  };
  const onClose = () => handler.onClose(side);
  const detach = () => void stream.off('data', onData).off('end', onEnd).off('close', onClose);
  const side: Side = { claim, stream, answers, wasAsked: false, isOver: false, detach };
  stream.on('data', onData).on('end', onEnd).on('close', onClose);
  stream.on('error', () => {}); // 'close' follows, and says it
  return side;
}
