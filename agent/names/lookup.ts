// Names as getaddrinfo(3) would resolve them inside the pod: its hosts file, then its name servers with
// its search list. Both files are read anew for each lookup, and no answer is kept.

import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { RemoteError } from '../../src/protocol/failure.ts';
import type { ReplyOf, RequestOf } from '../../src/protocol/schema.ts';
import { type Answer, type Ask, askServer, resolveFamily } from './dns.ts';
import { addressesInHosts } from './hosts.ts';
import { readOrEmpty } from './read-file.ts';
import { candidates, parseResolvConf, type ResolverConfig } from './resolv-conf.ts';

/** @throws RemoteError `EAI_NONAME`, `EAI_AGAIN` or `EAI_FAIL` */
export async function lookup({ name, family }: RequestOf<'lookup'>): Promise<ReplyOf<'lookup'>> {
  const [hosts, resolvConf] = await Promise.all([readOrEmpty('/etc/hosts'), readOrEmpty('/etc/resolv.conf')]);
  const addresses = await resolveName(name, family, {
    hosts,
    config: parseResolvConf(resolvConf),
    ask: askServer,
    prefersIPv6: hasIPv6(),
  });
  return { addresses };
}

export interface Surroundings {
  /** Content of the hosts file. */
  readonly hosts: string;
  readonly config: ResolverConfig;
  readonly ask: Ask;
  /** The pod can reach IPv6 addresses, so they come first where a name has both (RFC 6724, rules 1 and 6). */
  readonly prefersIPv6: boolean;
}

/**
 * The steps of a lookup, with all that it depends on given.
 * @param family 4, 6, or 0 for both
 */
export async function resolveName(name: string, family: number, around: Surroundings): Promise<string[]> {
  const version = isIP(name);
  if (version !== 0 && (family === 0 || family === version)) return [name];
  if (version !== 0 || name === '') throw noName(name);
  const inHosts = addressesInHosts(around.hosts, name, family);
  if (inHosts.length > 0) return ordered(inHosts, around);
  if (/^localhost\.?$/i.test(name)) return [family === 6 ? '::1' : '127.0.0.1'];
  return ordered(await searchDns(name, family, around), around);
}

/** res_nsearch(3): the first whole name that has an address; one that nobody could be asked about ends the search. */
async function searchDns(name: string, family: number, around: Surroundings): Promise<readonly string[]> {
  let serverFailure: string | undefined;
  for (const candidate of candidates(name, around.config)) {
    const answer = await askBoth(candidate, family, around);
    if (answer.kind === 'found') return answer.addresses;
    if (answer.kind === 'failed') throw new RemoteError('EAI_FAIL', answer.reason);
    if (answer.kind === 'unavailable') {
      if (!answer.wasReached) throw new RemoteError('EAI_AGAIN', answer.reason);
      serverFailure = answer.reason;
    }
  }
  throw serverFailure === undefined ? noName(name) : new RemoteError('EAI_AGAIN', serverFailure);
}

/** A and AAAA at once, as far as the family asks for them. One that answers is enough. */
async function askBoth(name: string, family: number, { config, ask }: Surroundings): Promise<Answer> {
  const families = ([4, 6] as const).filter((one) => family === 0 || family === one);
  const answers = await Promise.all(families.map((one) => resolveFamily(name, one, config, ask)));
  const addresses = answers.flatMap((answer) => (answer.kind === 'found' ? answer.addresses : []));
  if (addresses.length > 0) return { kind: 'found', addresses };
  return answers.find((answer) => answer.kind !== 'none') ?? { kind: 'none' };
}

/** One family before the other; within a family the resolver's order, which spreads the load. */
function ordered(addresses: readonly string[], { prefersIPv6 }: Surroundings): string[] {
  const first = prefersIPv6 ? 6 : 4;
  return [...addresses].sort((a, b) => Number(isIP(b) === first) - Number(isIP(a) === first));
}

function noName(name: string): RemoteError {
  return new RemoteError('EAI_NONAME', `the pod knows no name "${name}"`);
}

/** An address that reaches further than its own machine (::1) and its own wire (fe80::/10). */
function hasIPv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ family, internal, address }) => family === 'IPv6' && !internal && !/^fe[89ab]/i.test(address)),
  );
}
