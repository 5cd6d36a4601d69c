// The target's /etc/resolv.conf (resolv.conf(5)): which servers know the names, and which domains a short
// name is tried in. Kubernetes writes `search NAMESPACE.svc.cluster.local …` and `options ndots:5`.

import { isIP } from 'node:net';

export interface ResolverConfig {
  /** IP addresses, in the order in which they are asked. */
  readonly servers: readonly string[];
  readonly search: readonly string[];
  /** A name with at least this many dots is tried as it is first. */
  readonly ndots: number;
  /** How long one server is waited for, in the first round. */
  readonly timeoutMs: number;
  /** How many rounds over all servers. */
  readonly attempts: number;
}

/** The limits are glibc's own (resolv.h: MAXNS, RES_MAXNDOTS, RES_MAXRETRANS, RES_MAXRETRY). */
const maxServers = 3;
const limits = { ndots: 15, timeout: 30, attempts: 5 } as const;

/** Reads a resolv.conf; what is missing or not understood is as in glibc: its defaults. */
export function parseResolvConf(content: string): ResolverConfig {
  const servers: string[] = [];
  let search: string[] = [];
  const options = { ndots: 1, timeout: 5, attempts: 2 };
  for (const line of content.split('\n')) {
    const [keyword, ...values] = line.split(/[ \t]+/);
    if (keyword === 'nameserver') servers.push(...values.slice(0, 1).filter((value) => isIP(value) !== 0));
    // The last of several lines counts, and `domain` is a search list of one.
    if (keyword === 'search') search = values.filter((value) => value !== '');
    if (keyword === 'domain') search = values.slice(0, 1);
    if (keyword === 'options') readOptions(values, options);
  }
  return {
    servers: servers.length > 0 ? servers.slice(0, maxServers) : ['127.0.0.1'],
    search: search.map((domain) => domain.replace(/\.$/, '')),
    ndots: options.ndots,
    timeoutMs: options.timeout * 1000,
    attempts: Math.max(1, options.attempts),
  };
}

function readOptions(values: readonly string[], options: Record<keyof typeof limits, number>): void {
  for (const value of values) {
    const [, name, number] = /^(ndots|timeout|attempts):(\d+)/.exec(value) ?? [];
    if (name === undefined) continue;
    const option = name as keyof typeof limits; // the expression names exactly these
    options[option] = Math.min(Number(number), limits[option]);
  }
}

/**
 * The whole names that a name stands for, in the order in which they are tried (res_nsearch(3)).
 */
export function candidates(name: string, { search, ndots }: ResolverConfig): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const dots = name.split('.').length - 1;
  const inDomains = search.map((domain) => (domain === '' ? name : `${name}.${domain}`));
  const all = dots >= ndots ? [name, ...inDomains] : [...inDomains, name];
  return [...new Set(all)];
}
