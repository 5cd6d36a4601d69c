// The way back of connections that are passed on with the client's address: the original container answers to
// that address, and these answers are to stay in the pod. As ip would show it, with the mark M (nftables.ts):
//
//   ip rule   PREFERENCE: from all fwmark M lookup T
//   ip route  local default dev lo table T metric PREFERENCE         (and both for IPv6)
//
// Without our marks they do nothing. They do not leave by themselves when an agent is killed, so the next one
// removes them: each has a preference that follows from its agent's table, and the table is gone.

import { closeSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { RemoteError } from '../../src/protocol/failure.ts';
import type { Addon } from '../addon.ts';
import {
  type Attribute,
  encodeMessage,
  inetHeader,
  le32,
  nftablesType,
  protocols,
  readAttributes,
  readMessages,
  readVerdicts,
  requestFlags,
} from './netlink.ts';
import { passMark } from './nftables.ts';

const { request, acknowledge, create, exclusive, dump } = requestFlags;

/** AF_INET and AF_INET6. */
const families = { 4: 2, 6: 10 } as const;
type Family = keyof typeof families;

const table = 0x6d72;
const loopback = 1; // lo is the first interface of every network namespace

const types = { newRoute: 24, deleteRoute: 25, newRule: 32, deleteRule: 33, getRule: 34 } as const;
const ruleHeaderBytes = 12;
const ruleAttributes = { preference: 6, mark: 10, table: 15 } as const; // FRA_*
const routeAttributes = { interface: 4, metric: 6, table: 15 } as const; // RTA_*

export class Routes {
  /** The IP versions that have a way back. */
  readonly versions: ReadonlySet<Family>;
  #addon: Addon;
  #preference: number;

  private constructor(addon: Addon, preference: number, versions: ReadonlySet<Family>) {
    this.#addon = addon;
    this.#preference = preference;
    this.versions = versions;
  }

  /**
   * Sets the rules and routes, and removes those that killed agents have left.
   * @param id of the agent's nf_tables table, which is there already
   * @param refused told why an IP version has no way back
   */
  static open(addon: Addon, id: number, refused: (version: Family, reason: string) => void): Routes {
    const versions = new Set<Family>();
    const preference = preferenceOf(id);
    withSocket(addon, (exchange) => {
      for (const version of [4, 6] as const) {
        try {
          removeForgotten(addon, version, exchange);
          exchange(types.newRule, create | exclusive, ruleHeader(version), rule(preference));
          exchange(types.newRoute, create | exclusive, routeHeader(version), route(preference));
          versions.add(version);
        } catch (error) {
          refused(version, (error as Error).message);
        }
      }
    });
    return new Routes(addon, preference, versions);
  }

  /** May be called twice. */
  close(): void {
    withSocket(this.#addon, (exchange) => {
      for (const version of [4, 6] as const) remove(version, this.#preference, exchange);
    });
  }
}

/** Below that of the main table, 32766, so that it is asked first. */
function preferenceOf(id: number): number {
  return 1000 + (id % 30_000);
}

type Exchange = (type: number, flags: number, header: Buffer, attributes: readonly Attribute[]) => Buffer[];

function withSocket(addon: Addon, use: (exchange: Exchange) => void): void {
  const socket = addon.openNetlink(protocols.route);
  try {
    use((type, flags, header, attributes) => {
      const kind = flags === dump ? request | dump : request | acknowledge | flags;
      const replies = addon.exchange(socket, encodeMessage(type, kind, 1, header, attributes));
      const refusal = readVerdicts(replies).find(({ errno }) => errno !== 0);
      if (refusal === undefined) return replies;
      const name = getSystemErrorName(-refusal.errno);
      throw new RemoteError(name, `The node's kernel refused a route (${name}).`);
    });
  } finally {
    closeSync(socket);
  }
}

/** The route goes first: as long as there is the rule, somebody will come to remove the rest. */
function remove(version: Family, preference: number, exchange: Exchange): void {
  for (const step of [
    () => exchange(types.deleteRoute, 0, routeHeader(version), route(preference)),
    () => exchange(types.deleteRule, 0, ruleHeader(version), rule(preference)),
  ]) {
    try {
      step();
    } catch {
      // It was not there, or the network is going away with all its routes.
    }
  }
}

/** Removes what belongs to no table that is there. */
function removeForgotten(addon: Addon, version: Family, exchange: Exchange): void {
  const ours = readMessages(exchange(types.getRule, dump, ruleHeader(version), []))
    .filter(({ type }) => type === types.newRule)
    .map(({ body }) => readAttributes(body, ruleHeaderBytes))
    .filter((found) => found.get(ruleAttributes.mark)?.readUInt32LE() === passMark)
    .map((found) => found.get(ruleAttributes.preference)?.readUInt32LE() ?? 0);
  if (ours.length === 0) return;
  const living = livingPreferences(addon);
  for (const preference of ours) if (!living.has(preference)) remove(version, preference, exchange);
}

/** Those of the agents whose nf_tables tables are there. */
function livingPreferences(addon: Addon): Set<number> {
  const socket = addon.openNetlink(protocols.netfilter);
  try {
    const getTable = encodeMessage(nftablesType(1), request | dump, 1, inetHeader, []);
    const names = readMessages(addon.exchange(socket, getTable)).map(
      ({ body }) => readAttributes(body, inetHeader.length).get(1)?.toString('latin1') ?? '',
    );
    const ids = names.map((name) => /^mirrord-([0-9a-f]{8})\0/.exec(name)?.[1]);
    return new Set(ids.filter((id) => id !== undefined).map((id) => preferenceOf(Number.parseInt(id, 16))));
  } finally {
    closeSync(socket);
  }
}

/** struct fib_rule_hdr with action FR_ACT_TO_TBL. */
function ruleHeader(version: Family): Buffer {
  return Buffer.from([families[version], 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
}

function rule(preference: number): Attribute[] {
  return [
    [ruleAttributes.preference, le32(preference)],
    [ruleAttributes.mark, le32(passMark)],
    [ruleAttributes.table, le32(table)],
  ];
}

/** struct rtmsg: any destination; protocol RTPROT_STATIC, scope RT_SCOPE_HOST, type RTN_LOCAL. */
function routeHeader(version: Family): Buffer {
  return Buffer.from([families[version], 0, 0, 0, 0, 4, version === 4 ? 254 : 0, 2, 0, 0, 0, 0]);
}

function route(metric: number): Attribute[] {
  return [
    [routeAttributes.interface, le32(loopback)],
    [routeAttributes.metric, le32(metric)],
    [routeAttributes.table, le32(table)],
  ];
}
