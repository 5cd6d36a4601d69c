// What a layer writes first on a connection to the proxy's port: who it is, and what the bytes behind are for.

import { encodeFrame } from './frame.ts';
import { encodeRequest, messages, type RequestOf } from './schema.ts';

/** What a layer may open at the proxy's port. */
export type OutgoingStream = 'connectTcp' | 'connectTcpFrom' | 'connectUnix' | 'openUdp';

/**
 * @param layer its encoded hello
 * @param call the number under which the answer is waited for, on the layer's own socket
 */
export function preamble<Name extends OutgoingStream>(
  { hello }: { readonly hello: Buffer },
  call: number,
  name: Name,
  request: RequestOf<Name>,
): Buffer {
  const { number } = messages[name];
  return Buffer.concat([
    encodeFrame({ kind: 'hello', channel: 0, message: messages.hello.number, payload: hello }),
    encodeFrame({ kind: 'request', channel: call, message: number, payload: encodeRequest(name, request) }),
  ]);
}
