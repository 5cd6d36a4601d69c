// How an error crosses a hop: as a code (a Linux errno name, a resolver's EAI_* name, or one of ours) and
// a sentence. Numbers are never sent: errno differs between the agent's system and the developer's.

import { decode, encode, type Fields } from './codec.ts';

const failure = { code: 'string', message: 'string' } as const satisfies Fields;

/** A request that the other side answered with an error. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  /** `ENOENT`, `ECONNREFUSED`, `EAI_NONAME` … */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Encodes any thrown value; what has no code becomes EIO, as a device error would be. */
export function encodeFailure(error: unknown): Buffer {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return encode(failure, { code: typeof code === 'string' ? code : 'EIO', message: String(message ?? error) });
}

export function decodeFailure(payload: Buffer): RemoteError {
  const { code, message } = decode(failure, payload);
  return new RemoteError(code, message);
}
