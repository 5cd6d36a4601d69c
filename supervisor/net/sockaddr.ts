// struct sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)) as a program's memory has them, and addresses as messages do.

import { isIPv6 } from 'node:net';
import type { Address } from '../../src/protocol/schema.ts';

export const AF_INET = 2;
export const AF_INET6 = 10;
export type Family = typeof AF_INET | typeof AF_INET6;

const v4Bytes = 16;
const v6Bytes = 28;
/** Of an IPv4 address among IPv6 ones: ::ffff:0:0/96. */
const mapped = Buffer.from('00000000000000000000ffff', 'hex');

/** Undefined for other families, and for what is too short: the kernel knows what to say. */
export function familyOf(address: Buffer): Family | undefined {
  const family = address.length < 2 ? 0 : address.readUInt16LE(0);
  if (family === AF_INET && address.length >= v4Bytes) return family;
  return family === AF_INET6 && address.length >= v6Bytes - 4 ? family : undefined; // the scope came later
}

/** An IPv4-mapped address as the IPv4 address that is meant. */
export function decodeAddress(address: Buffer): Address | undefined {
  const family = familyOf(address);
  if (family === undefined) return undefined;
  const port = address.readUInt16BE(2);
  if (family === AF_INET) return { host: address.subarray(4, 8).join('.'), port };
  const bytes = address.subarray(8, 24);
  if (bytes.subarray(0, 12).equals(mapped)) return { host: bytes.subarray(12).join('.'), port };
  return { host: textOf(bytes), port };
}

/** For a socket of this family: an IPv4 address is mapped where the socket's is IPv6. */
export function encodeAddress(family: Family, { host, port }: Address): Buffer {
  const address = Buffer.alloc(family === AF_INET ? v4Bytes : v6Bytes);
  address.writeUInt16LE(family, 0);
  address.writeUInt16BE(port, 2);
  if (family === AF_INET) Buffer.from(host.split('.').map(Number)).copy(address, 4);
  else v6(host).copy(address, 8);
  return address;
}

/** RFC 5952, as URLs have it (WHATWG URL, "IPv6 serializer"). */
function textOf(bytes: Buffer): string {
  const words = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16));
  return new URL(`http://[${words.join(':')}]/`).hostname.slice(1, -1);
}

function v6(host: string): Buffer {
  if (!isIPv6(host)) return Buffer.concat([mapped, Buffer.from(host.split('.').map(Number))]);
  const text = new URL(`http://[${host.replace(/%.*$/, '')}]/`).hostname.slice(1, -1); // no dots any more
  const [head = '', tail] = text.split('::');
  const words = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const [first, last] = [words(head), words(tail ?? '')];
  const all = tail === undefined ? first : [...first, ...Array(8 - first.length - last.length).fill(0), ...last];
  const bytes = Buffer.alloc(16);
  for (const [at, word] of all.entries()) bytes.writeUInt16BE(word, 2 * at);
  return bytes;
}
