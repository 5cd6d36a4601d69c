// One of the two or more that answer a client's requests: the original container, or a session's program. Its
// bytes are split into answers, so that it is known when the next request may go to another side.

import type { Duplex } from 'node:stream';
import { type ResponseHead, readResponseHead } from './http1/head.ts';
import { MessageParser } from './http1/message-parser.ts';
import type { SessionClaim } from './session-claim.ts';

export interface SideHandler {
  readonly methodAnswered: () => string;
  readonly onHead: (head: ResponseHead, bytes: Buffer) => void;
  readonly onBody: (bytes: Buffer) => void;
  readonly onMessageEnd: () => void;
  readonly onOpaque: (bytes: Buffer) => void;
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
}

export function makeSide(claim: SessionClaim | undefined, stream: Duplex, handler: SideHandler): Side {
  const read = (bytes: Buffer) => readResponseHead(bytes, handler.methodAnswered());
  const answers = new MessageParser<ResponseHead>(read, handler);
  return { claim, stream, answers, wasAsked: false, isOver: false };
}
