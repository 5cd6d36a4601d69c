// The copy of a stream's request for a session that mirrors: what the session's side does not take in time is
// dropped, with the rest of that stream.

import { type ClientHttp2Stream, constants, type ServerHttp2Stream } from 'node:http2';
import type { SessionClaim } from '../session-claim.ts';
import { passTrailers } from './streams.ts';

const maxWaitingBytes = 1024 * 1024;

export interface StreamCopy {
  begin(stream: ClientHttp2Stream): void;
  drop(): void;
}

export function copyStream(claim: SessionClaim, client: ServerHttp2Stream, endStream: boolean): StreamCopy {
  let copy: ClientHttp2Stream | undefined;
  let early: Buffer[] = [];
  let waitingBytes = 0;
  let ended = endStream;
  let isOver = false;

  const drop = () => {
    if (isOver) return;
    isOver = true;
    early = [];
    claim.mirrorDropped();
    copy?.close(constants.NGHTTP2_CANCEL);
  };
  const send = (stream: ClientHttp2Stream, chunk: Buffer) => {
    stream.write(chunk, () => {
      waitingBytes -= chunk.length;
    });
  };
  client.on('data', (chunk: Buffer) => {
    if (isOver) return;
    waitingBytes += chunk.length;
    if (waitingBytes > maxWaitingBytes) drop();
    else if (copy === undefined) early.push(chunk);
    else send(copy, chunk);
  });
  client.once('end', () => {
    ended = true;
    copy?.end();
  });
  return {
    drop,
    begin(stream) {
      stream.on('error', () => {});
      stream.resume(); // nobody is to have what the program answers
      if (isOver) return stream.close(constants.NGHTTP2_CANCEL);
      copy = stream;
      passTrailers(client, stream);
      for (const chunk of early) send(stream, chunk);
      early = [];
      if (ended && !endStream) stream.end();
    },
  };
}
