// The first frame of a connection, and whether its two sides can talk.

import { RemoteError } from './failure.ts';
import { decodeRequest, encodeRequest, protocolVersion, type RequestOf } from './schema.ts';

/** Who speaks; see the schema. */
export type Hello = RequestOf<'hello'>;

declare const MIRRORD_VERSION: string | undefined;

/** This build's own version, put in by the bundler; from source there is none. */
export const productVersion = typeof MIRRORD_VERSION === 'string' ? MIRRORD_VERSION : '0.0.0-source';

/** @param layer the layer's token and number; others have none */
export function ownHello(role: 'proxy' | 'agent' | 'layer', layer = { token: '', layer: 0 }): Hello {
  return { ...protocolVersion, role, version: productVersion, ...layer };
}

/** The layout of a hello never changes, whatever the version, so that any two can at least say this. */
export const encodeHello = (hello: Hello): Buffer => encodeRequest('hello', hello);
export const decodeHello = (payload: Buffer): Hello => decodeRequest('hello', payload);

/** @throws RemoteError `PROTOCOL_MISMATCH` naming both sides and the older one, which is to be upgraded */
export function checkVersion(own: Hello, peer: Hello): void {
  if (own.major === peer.major) return;
  const older = own.major < peer.major ? own : peer;
  throw new RemoteError(
    'PROTOCOL_MISMATCH',
    `The ${own.role} ${own.version} speaks protocol ${own.major}.${own.minor}, the ${peer.role} ${peer.version} ` +
      `speaks ${peer.major}.${peer.minor}: the ${older.role} is the older one.`,
  );
}
