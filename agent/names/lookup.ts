// Names as getaddrinfo(3) would resolve them inside the pod: its hosts file, then its name servers with
// its search list. Both files are read anew for each lookup, and no answer is kept.

import { readdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { RemoteError } from '../../src/protocol/failure.ts';
import { lookupFlags, type ReplyOf, type RequestOf } from '../../src/protocol/schema.ts';
import { type Answer, type Ask, askServer, resolveFamily } from './dns.ts';
import { addressesInHosts } from './hosts.ts';
import { numericAddress } from './numeric.ts';
import { readOrEmpty } from './read-file.ts';
import { candidates, parseResolvConf, type ResolverConfig } from './resolv-conf.ts';

/** @throws RemoteError `EAI_NONAME`, `EAI_NODATA`, `EAI_AGAIN` or `EAI_FAIL` */
export async function lookup({ name, family }: RequestOf<'lookup'>): Promise<ReplyOf<'lookup'>> {
  const files = ['/etc/hosts', '/etc/resolv.conf', '/etc/host.conf'];
  const [hosts = '', resolvConf = '', hostConf = ''] = await Promise.all(files.map(readOrEmpty));
  const has = families();
  const around: Surroundings = {
    hosts,
    multi: /^\s*multi\s+on/m.test(hostConf) || (await hasMusl()),
    config: parseResolvConf(resolvConf),
    ask: askServer,
    prefersIPv6: has.has(6),
  };
  return { addresses: await withHints(name, family, has, around) };
}

export interface Surroundings {
  /** Content of the hosts file. */
  readonly hosts: string;
  /** All lines of it count for a name, not only the first. */
  readonly multi: boolean;
  readonly config: ResolverConfig;
  readonly ask: Ask;
  /** The pod can reach IPv6 addresses, so they come first where a name has both (RFC 6724, rules 1 and 6). */
  readonly prefersIPv6: boolean;
}

/**
 * The hints of getaddrinfo(3): families that the pod has no address of, and IPv4 in the shape of IPv6.
 * @param asked a family with the bits of `lookupFlags` @param has the families of the pod's addresses
 */
export async function withHints(
  name: string,
  asked: number,
  has: ReadonlySet<number>,
  around: Surroundings,
): Promise<string[]> {
  const family = asked & 0xf;
  const mapped = family === 6 && (asked & lookupFlags.v4Mapped) !== 0;
  if ((asked & lookupFlags.addrConfig) !== 0 && isIP(name) === 0) {
    if (family !== 0 && !has.has(family) && !mapped) throw noName(name);
    if (family === 0 && has.size === 1) return resolveName(name, [...has][0] ?? 0, around);
  }
  if (!mapped) return resolveName(name, family, around);
  const found = await resolveName(name, 0, around);
  const ipv6 = found.filter((address) => isIP(address) === 6);
  const ipv4 = found.filter((address) => isIP(address) === 4).map((address) => `::ffff:${address}`);
  if (ipv6.length === 0) return ipv4;
  return (asked & lookupFlags.all) === 0 ? ipv6 : [...ipv6, ...ipv4];
}

/**
 * The steps of a lookup, with all that it depends on given.
 * @param family 4, 6, or 0 for both
 */
export async function resolveName(name: string, family: number, around: Surroundings): Promise<string[]> {
  const literal = isIP(name) === 0 ? numericAddress(name) : name;
  if (literal !== undefined) {
    if (family === 0 || family === isIP(literal)) return [literal];
    throw noName(name);
  }
  if (name === '') throw noName(name);
  const inHosts = addressesInHosts(around.hosts, name, family, around.multi);
  if (inHosts.length > 0) return ordered(inHosts, around);
  if (/^localhost\.?$/i.test(name)) return [family === 6 ? '::1' : '127.0.0.1'];
  return ordered(await searchDns(name, family, around), around);
}

/** res_nsearch(3): the first whole name that has an address; one that nobody could be asked about ends the search. */
async function searchDns(name: string, family: number, around: Surroundings): Promise<readonly string[]> {
  let serverFailure: string | undefined;
  let exists = false;
  for (const candidate of candidates(name, around.config)) {
    const answer = await askBoth(candidate, family, around);
    if (answer.kind === 'found') return answer.addresses;
    if (answer.kind === 'none') exists ||= answer.exists;
    if (answer.kind === 'failed') throw new RemoteError('EAI_FAIL', answer.reason);
    if (answer.kind === 'unavailable') {
      if (!answer.wasReached) throw new RemoteError('EAI_AGAIN', answer.reason);
      serverFailure = answer.reason;
    }
  }
  if (serverFailure !== undefined) throw new RemoteError('EAI_AGAIN', serverFailure);
  throw exists ? new RemoteError('EAI_NODATA', `"${name}" has no such address`) : noName(name);
}

/** A and AAAA at once, as far as the family asks for them. One that answers is enough. */
async function askBoth(name: string, family: number, { config, ask }: Surroundings): Promise<Answer> {
  const families = ([4, 6] as const).filter((one) => family === 0 || family === one);
  const answers = await Promise.all(families.map((one) => resolveFamily(name, one, config, ask)));
  const addresses = answers.flatMap((answer) => (answer.kind === 'found' ? answer.addresses : []));
  if (addresses.length > 0) return { kind: 'found', addresses };
  const exists = answers.some((answer) => answer.kind === 'none' && answer.exists);
  return answers.find((answer) => answer.kind !== 'none') ?? { kind: 'none', exists };
}

/** One family before the other; within a family the resolver's order, which spreads the load. */
function ordered(addresses: readonly string[], { prefersIPv6 }: Surroundings): string[] {
  const first = prefersIPv6 ? 6 : 4;
  return [...addresses].sort((a, b) => Number(isIP(b) === first) - Number(isIP(a) === first));
}

function noName(name: string): RemoteError {
  return new RemoteError('EAI_NONAME', `the pod knows no name "${name}"`);
}

/** The families of the addresses that reach further than the pod itself (::1) and its own wire (fe80::/10). */
function families(): ReadonlySet<number> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const far = all.filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address));
  return new Set(far.map(({ address }) => isIP(address)));
}

/** The other C library of container images, Alpine's: it reads no host.conf. */
async function hasMusl(): Promise<boolean> {
  const names = await readdir('/lib').catch(() => []);
  return names.some((name) => name.startsWith('ld-musl'));
}
