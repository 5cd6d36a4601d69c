// What a handle says of its two ends. A handle's own function goes before its prototype's, which is how
// one connection shows the cluster's addresses and all others their own.

import type { Address } from '../../src/protocol/schema.ts';
import type { Handle } from '../bindings.ts';

/** What the binding's getsockname and getpeername fill in. */
export interface AddressInfo {
  address?: string;
  family?: 'IPv4' | 'IPv6';
  port?: number;
}

/** Makes `handle.getpeername` or `handle.getsockname` answer with this address from now on. */
export function showAddress(handle: Handle, name: 'getpeername' | 'getsockname', address: Address): void {
  handle[name] = (into: AddressInfo): number => fillAddress(into, address);
}

/** Among texts that are IP addresses. (node:net has this too, but would be loaded for it at start.) */
export function isIPv6(host: string): boolean {
  return host.includes(':');
}

/** @returns 0, as the binding's function does */
export function fillAddress(into: AddressInfo, { host, port }: Address): number {
  into.address = host;
  into.family = isIPv6(host) ? 'IPv6' : 'IPv4';
  into.port = port;
  return 0;
}
