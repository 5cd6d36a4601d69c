// Joins a client's HTTP/2 stream to one of a side, so that each sees what the other does: headers, content with its
// flow control, trailers, and the code of a reset.

import {
  type ClientHttp2Stream,
  constants,
  type Http2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  sensitiveHeaders,
} from 'node:http2';

const { NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR, NGHTTP2_CANCEL } = constants;

/** Header fields in the order in which they came, a name that came twice with both values. */
export function fieldsOf(raw: readonly string[], headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const fields: Record<string, string | string[]> = Object.create(null);
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = '', value = ''] = [raw[at], raw[at + 1]];
    const known = fields[name];
    if (known === undefined) fields[name] = value;
    else fields[name] = Array.isArray(known) ? [...known, value] : [known, value];
  }
  const secret = headers[sensitiveHeaders as unknown as string];
  // Fields that no table on the way may keep (RFC 7541 section 7.1.3).
  return secret === undefined ? fields : Object.assign(fields, { [sensitiveHeaders]: secret });
}

export function endsStream(flags: number): boolean {
  return (flags & NGHTTP2_FLAG_END_STREAM) !== 0;
}

/** @param asked has been opened with the client's headers and `waitForTrailers` */
export function joinStreams(client: ServerHttp2Stream, asked: ClientHttp2Stream): void {
  // What the side says and Node refuses to say again ends this stream and no other.
  const say = (words: () => void) => {
    if (client.destroyed) return;
    try {
      words();
    } catch {
      client.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
  };
  asked.on('headers', (headers: IncomingHttpHeaders, _flags: number, raw?: string[]) =>
    say(() => client.additionalHeaders(fieldsOf(raw ?? flatten(headers), headers))),
  );
  asked.once('response', (headers: IncomingHttpHeaders, flags: number, raw?: string[]) =>
    say(() => {
      const endStream = endsStream(flags);
      const options = { endStream, waitForTrailers: !endStream, sendDate: false };
      client.respond(fieldsOf(raw ?? flatten(headers), headers), options);
      // Not before: content that comes with the headers would be written without them.
      if (endStream) asked.resume();
      else asked.pipe(client);
    }),
  );
  passTrailers(asked, client);
  client.pipe(asked);
  passReset(asked, client);
  passReset(client, asked);
}

/** The trailers come before the end that asks for them. */
export function passTrailers(from: Http2Stream, to: Http2Stream): void {
  let trailers: OutgoingHttpHeaders = {};
  from.on('trailers', (headers: IncomingHttpHeaders, _flags: number, raw?: string[]) => {
    trailers = fieldsOf(raw ?? flatten(headers), headers);
  });
  to.on('wantTrailers', () => to.sendTrailers(trailers));
}

function passReset(from: Http2Stream, to: Http2Stream): void {
  from.on('error', () => {}); // 'close' follows, and says it
  from.once('close', () => {
    if (to.closed || to.destroyed) return;
    const isWhole = from.rstCode === NGHTTP2_NO_ERROR && !from.aborted;
    if (!isWhole) to.close(from.rstCode === NGHTTP2_NO_ERROR ? NGHTTP2_CANCEL : from.rstCode);
    // Answered before the request's end: nobody is there to read the rest.
    else to.resume();
  });
}

function flatten(headers: IncomingHttpHeaders): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().flatMap((each) => (each === undefined ? [] : [name, String(each)])),
  );
}
