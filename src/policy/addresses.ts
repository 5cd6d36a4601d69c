// The entries of `outgoing.filter` and `dns.filter`, with mirrord's grammar:
//   [tcp://|udp://] [NAME | IP | IP/BITS] [:PORT]      an IPv6 address that a port follows is in brackets
// 0.0.0.0, :: and a missing address are any address; port 0 and a missing one any port.

import { BlockList, isIP } from 'node:net';

export type Protocol = 'tcp' | 'udp';

export interface AddressEntry {
  /** Undefined is both. */
  readonly protocol: Protocol | undefined;
  /** Lower case, without a dot at its end. */
  readonly name: string | undefined;
  /** Undefined, with no name either, is any address. */
  readonly addresses: BlockList | undefined;
  /** 0 is any. */
  readonly port: number;
}

/** @returns undefined for a text that is no entry */
export function parseAddressEntry(text: string): AddressEntry | undefined {
  const [, protocol, rest = ''] = /^(?:(tcp|udp):\/\/)?(.*)$/i.exec(text.trim()) ?? [];
  const [host, digits] = splitPort(rest);
  const port = Number(digits ?? 0);
  const place = parseHost(host);
  if (place === undefined || port > 65_535 || (host === '' && digits === undefined)) return undefined;
  return { protocol: protocol?.toLowerCase() as Protocol | undefined, port, ...place };
}

/** Whether an entry's address is this one. A name is compared elsewhere. */
export function hasAddress({ name, addresses }: AddressEntry, host: string): boolean {
  if (name !== undefined) return false;
  const [address = ''] = host.split('%'); // fe80::1%eth0
  return addresses === undefined || addresses.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** How names are compared. */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

function splitPort(text: string): [host: string, digits: string | undefined] {
  if (isIP(text) === 6) return [text, undefined];
  const [, bracketed, bits = '', plain = '', digits] = /^(?:\[([^\]]*)\](\/\d+)?|(.*?))(?::(\d+))?$/.exec(text) ?? [];
  return [bracketed === undefined ? plain : bracketed + bits, digits];
}

function parseHost(host: string): Pick<AddressEntry, 'name' | 'addresses'> | undefined {
  if (host === '' || host === '0.0.0.0' || host === '::') return { name: undefined, addresses: undefined };
  const [address = '', bits, ...more] = host.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const addresses = new BlockList();
  if (isIP(address) === 0) {
    return /^[\w-]+(\.[\w-]+)*\.?$/.test(host) ? { name: canonicalName(host), addresses: undefined } : undefined;
  }
  if (bits === undefined) {
    addresses.addAddress(address, family);
  } else {
    if (more.length > 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 'ipv6' ? 128 : 32)) return undefined;
    addresses.addSubnet(address, Number(bits), family);
  }
  return { name: undefined, addresses };
}
