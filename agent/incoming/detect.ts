// What a connection speaks that is not HTTP/1.1, by its first bytes.

import type { SessionClaim } from './session-claim.ts';

/** The first line of HTTP/2's connection preface (RFC 9113 section 3.4). */
const http2Preface = Buffer.from('PRI * HTTP/2.0\r\n');

export function isHttp2(bytes: Buffer): boolean {
  return bytes.subarray(0, http2Preface.length).equals(http2Preface);
}

/** A server's connection preface: a SETTINGS frame, which it may send before the client has said a word. */
export function isHttp2Settings(bytes: Buffer): boolean {
  return (
    bytes.length >= 9 && bytes[3] === 4 && bytes[4] === 0 && bytes.readUInt32BE(5) === 0 && bytes.readUInt16BE(0) === 0
  );
}

/** A handshake record of TLS 1.0 or later. */
export function isTls(bytes: Buffer): boolean {
  return bytes[0] === 0x16 && bytes[1] === 0x03;
}

/** Whether somebody wants to know what is in the streams: for a filter, or to leave the kubelet's probes alone. */
export function looksIntoHttp2(claims: readonly SessionClaim[]): boolean {
  return claims.some(({ mode, filter, readsAll }) => filter !== undefined || (mode === 'steal' && !readsAll));
}
