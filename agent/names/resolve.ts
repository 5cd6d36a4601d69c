// Records of a name, for dns.resolve* and dns.reverse: asked of the pod's name servers, whole names only, as
// c-ares does it. And names of addresses, for dns.lookupService.

import type { ResolverOptions } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { RemoteError } from '../../src/protocol/failure.ts';
import type { ReplyOf, RequestOf } from '../../src/protocol/schema.ts';
import { namesInHosts } from './hosts.ts';
import { readOrEmpty } from './read-file.ts';
import { parseResolvConf } from './resolv-conf.ts';

/** What Node's Resolver.resolve() takes. */
const recordTypes = new Set(['A', 'AAAA', 'ANY', 'CAA', 'CNAME', 'MX', 'NAPTR', 'NS', 'PTR', 'SOA', 'SRV', 'TXT']);

/** @throws with a code of Node's dns module (`ENOTFOUND`, `ENODATA`, `ETIMEOUT` …) */
export async function resolve(request: RequestOf<'resolve'>): Promise<ReplyOf<'resolve'>> {
  const { name, type, servers, timeoutMs, tries } = request;
  const resolver = await makeResolver(servers, { timeout: timeoutMs, tries: Math.max(1, tries) });
  return { records: JSON.stringify(await ask(resolver, name, type)) };
}

/** @throws RemoteError `EAI_NONAME` for an address without a name, `EAI_AGAIN` when nobody can be asked */
export async function lookupService({ address }: RequestOf<'lookupService'>): Promise<ReplyOf<'lookupService'>> {
  const [hosts, services] = await Promise.all([readOrEmpty('/etc/hosts'), readOrEmpty('/etc/services')]);
  const [known] = namesInHosts(hosts, address.host);
  return { name: known ?? (await nameOf(address.host)), service: serviceOf(services, address.port) };
}

async function makeResolver(servers: readonly string[], options: ResolverOptions = {}): Promise<Resolver> {
  const resolver = new Resolver(options);
  resolver.setServers(servers.length > 0 ? servers : parseResolvConf(await readOrEmpty('/etc/resolv.conf')).servers);
  return resolver;
}

function ask(resolver: Resolver, name: string, type: string): Promise<unknown> {
  if (type === 'A') return resolver.resolve4(name, { ttl: true });
  if (type === 'AAAA') return resolver.resolve6(name, { ttl: true });
  if (type === 'REVERSE') return resolver.reverse(name);
  if (!recordTypes.has(type)) throw new RemoteError('ENOTIMP', `records of type ${type} cannot be asked for`);
  return resolver.resolve(name, type);
}

async function nameOf(host: string): Promise<string> {
  try {
    const [name] = await (await makeResolver([])).reverse(host);
    if (name !== undefined) return name;
    throw Object.assign(new Error('no name'), { code: 'ENODATA' });
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOTFOUND' || code === 'ENODATA') throw new RemoteError('EAI_NONAME', `${host} has no name`);
    throw new RemoteError('EAI_AGAIN', `the name of ${host} cannot be found out: ${code}`);
  }
}

/** services(5): `name port/protocol aliases`. A port without a name is its number. */
function serviceOf(services: string, port: number): string {
  for (const line of services.split('\n')) {
    const [name, number] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (name && number === `${port}/tcp`) return name;
  }
  return String(port);
}
