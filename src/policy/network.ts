// Which connection, datagram and name is the cluster's and which is this machine's. The rules are mirrord's; the
// proxy is told them once, every layer applies the same (docs/network.md).

import { type AddressEntry, canonicalName, hasAddress, type Protocol, parseAddressEntry } from './addresses.ts';
import { leadsToLoopback } from './sockets.ts';

export type Side = 'remote' | 'local';

/** What is on `side`; all else is on the other one. */
export interface Filter {
  readonly side: Side;
  /** Texts that `parseAddressEntry` takes. */
  readonly entries: readonly string[];
}

export interface NetworkRules {
  readonly resolveNames: boolean;
  readonly outgoingTcp: boolean;
  readonly outgoingUdp: boolean;
  /** True: a connect to 127.0.0.1 or ::1 stays on this machine. */
  readonly outgoingIgnoreLocalhost: boolean;
  readonly outgoingFilter?: Filter | undefined;
  readonly nameFilter?: Filter | undefined;
  /** Regular expressions over the path of a unix socket, `@NAME` for an abstract one. */
  readonly outgoingUnixStreams: readonly string[];
  /** Ports of debuggers, local on loopback; the inspector's own is added by each process. */
  readonly debuggerPorts: readonly (readonly [from: number, to: number])[];
}

export interface NetworkPolicy {
  /** Whether the side of a connection can depend on the name that its address was looked up for. */
  readonly goesByName: boolean;
  /**
   * @param host an IP address @param name what it was looked up for last, if it was
   */
  connects(protocol: Protocol, host: string, port: number, name?: string): Side;
  /** @param path as Node has it: an abstract name is behind a NUL */
  connectsUnix(path: string): Side;
  /** @param name a host name; or an address, whose name is asked for */
  resolves(name: string): Side;
}

export function createNetworkPolicy(rules: NetworkRules): NetworkPolicy {
  const outgoing = parseFilter(rules.outgoingFilter);
  const names = parseFilter(rules.nameFilter);
  const unixStreams = rules.outgoingUnixStreams.map((pattern) => new RegExp(pattern));
  const isOn = { tcp: rules.outgoingTcp, udp: rules.outgoingUdp };
  return {
    goesByName: outgoing?.entries.some(({ name }) => name !== undefined) ?? false,

    connects(protocol, host, port, name) {
      if (!isOn[protocol] || port === 0 || (protocol === 'udp' && isMulticast(host))) return 'local';
      if (leadsToLoopback(host) && (rules.outgoingIgnoreLocalhost || isIn(rules.debuggerPorts, port))) return 'local';
      return sideOf(outgoing, (entry) => matchesConnection(entry, { protocol, host, port, name }));
    },

    connectsUnix(path) {
      if (!/^[/\0]/.test(path)) return 'local';
      return unixStreams.some((pattern) => pattern.test(path.replace(/^\0/, '@'))) ? 'remote' : 'local';
    },

    resolves(name) {
      if (!rules.resolveNames) return 'local';
      const wanted = canonicalName(name);
      return sideOf(names, (entry) => entry.name === wanted || (isAddress(name) && hasAddress(entry, name)));
    },
  };
}

/**
 * The names of `outgoing.filter` are names of `dns.filter` too, unless that is the list of the other side: what a
 * local server is called need not exist in the cluster, and the reverse.
 */
export function namesWithOutgoing(names: Filter | undefined, outgoing: Filter | undefined): Filter | undefined {
  const copied = (outgoing?.entries ?? []).filter((entry) => parseAddressEntry(entry)?.name !== undefined);
  if (outgoing === undefined || copied.length === 0) return names;
  if (names !== undefined && names.side !== outgoing.side) return names;
  return { side: outgoing.side, entries: [...(names?.entries ?? []), ...copied] };
}

/** Multicast does not leave the pod's own network, so there it is of no use from here. */
export function isMulticast(host: string): boolean {
  return host.includes(':') ? /^ff/i.test(host) : Number(host.split('.', 1)[0]) >= 224;
}

interface ParsedFilter {
  readonly side: Side;
  readonly entries: readonly AddressEntry[];
}

function parseFilter(filter: Filter | undefined): ParsedFilter | undefined {
  return filter && { side: filter.side, entries: filter.entries.flatMap((entry) => parseAddressEntry(entry) ?? []) };
}

function sideOf(filter: ParsedFilter | undefined, matches: (entry: AddressEntry) => boolean): Side {
  if (filter === undefined) return 'remote';
  const other = filter.side === 'remote' ? 'local' : 'remote';
  return filter.entries.some(matches) ? filter.side : other;
}

interface Connection {
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
  readonly name: string | undefined;
}

/** A name of the filter is a part of the name that was looked up, as in mirrord. */
function matchesConnection(entry: AddressEntry, { protocol, host, port, name }: Connection): boolean {
  if (entry.protocol !== undefined && entry.protocol !== protocol) return false;
  if (entry.port !== 0 && entry.port !== port) return false;
  if (entry.name === undefined) return hasAddress(entry, host);
  if (entry.name === 'localhost' && leadsToLoopback(host)) return true; // which need not be looked up
  return name !== undefined && canonicalName(name).includes(entry.name);
}

function isAddress(text: string): boolean {
  return text.includes(':') || /^[\d.]+$/.test(text);
}

function isIn(ranges: NetworkRules['debuggerPorts'], port: number): boolean {
  return ranges.some(([from, to]) => port >= from && port <= to);
}
