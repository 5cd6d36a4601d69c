// The rules in the target's network that bring the connections to stolen ports to the agent's listener.
// As nft would list them, with the listener on port A:
//
//   table inet mirrord-XXXXXXXX {
//     flags owner
//     set stolen { type inet_service }
//     chain prerouting { type nat hook prerouting priority dstnat;
//       meta mark != M meta l4proto tcp fib daddr type local tcp flags & (fin | syn | rst | ack) == syn
//         tcp dport @stolen redirect to :A }
//     chain output { type nat hook output priority dstnat; (the same rule) }
//     chain zone { type filter hook output priority raw; meta mark M ct original zone set Z }
//     chain way_back { type route hook output priority mangle;
//       meta mark M ct mark set meta mark
//       ct mark M meta mark set ct mark }
//     chain guard { type filter hook input priority filter;
//       meta l4proto tcp tcp dport A ct status & dnat == 0 reject with tcp reset }
//   }
//
// - `flags owner` ties the table to our netlink socket: however the agent ends, the kernel closes the
//   socket and removes the table. Nobody else can change it either.
// - `fib daddr type local`: with hostNetwork the target's network is the node's, through which other pods'
//   packets pass; those are not ours.
// - Only a first packet is redirected: connections from before the table are unknown to conntrack, and their
//   next packet would go through the nat chains as if it opened one.
// - `output` is for connections from inside the pod: a mesh sidecar that passes a request on, or a program
//   of ours that calls its own pod. What the agent connects for such a program is no exception: in the pod too
//   a program that calls its own port reaches itself.
// - Connections with the mark are those that the agent passes on to the original container, from the client's
//   own address (original.ts). `way_back` puts the mark on the container's answers too, which routes.ts then
//   keeps in the pod. They have a conntrack zone of their own, in their own direction, so that none is taken
//   for one of the client's, whose addresses, and at times ports, are the same.
// - `guard`: nobody else is to see that there is a listener.

import { closeSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { RemoteError } from '../../src/protocol/failure.ts';
import type { Addon } from '../addon.ts';
import {
  hasMark,
  hasNotMark,
  isDirect,
  isFirst,
  isForUs,
  isOfMarked,
  isTcp,
  isToPort,
  isToPortIn,
  markConnection,
  markPacket,
  redirectTo,
  rejectWithReset,
  setOriginalZone,
} from './expressions.ts';
import {
  type Attribute,
  batch,
  be16,
  be32,
  type Message,
  protocols,
  readVerdicts,
  requestFlags,
  text,
} from './netlink.ts';

const setName = 'stolen';
const hooks = { prerouting: 0, input: 1, output: 3 } as const; // NF_INET_*
const priorities = { raw: -300, mangle: -150, dstnat: -100, filter: 0 } as const;

/** "mirr": on the connections that the agent passes on. The same for all agents of a pod: they pass each other by. */
export const passMark = 0x6d697272;
const passZone = 0x6d69;
const { create, exclusive, append } = requestFlags;

/** A message, and what it does as the end of "failed to …". */
type Step = { readonly what: string; readonly message: Message };

/** The table, from its creation to `close`. */
export class RedirectTable {
  #addon: Addon;
  #name: string;
  #socket: number | undefined;

  private constructor(addon: Addon, name: string, socket: number) {
    this.#addon = addon;
    this.#name = name;
    this.#socket = socket;
  }

  /**
   * Creates the table, with no port stolen yet.
   * @param listenerPort where the agent's listener gets the redirected connections
   * @throws RemoteError `EOPNOTSUPP` where the kernel cannot do it, else the errno's name
   */
  static create(addon: Addon, name: string, listenerPort: number): RedirectTable {
    const table = new RedirectTable(addon, name, addon.openNetlink(protocols.netfilter));
    try {
      table.#transact(creation(name, listenerPort));
      return table;
    } catch (error) {
      table.close();
      throw error;
    }
  }

  /** From now on, new connections to the port come to the listener. */
  add(port: number): void {
    const what = `add port ${port}`;
    this.#transact([{ what, message: { type: 12, flags: create | exclusive, attributes: element(this.#name, port) } }]);
  }

  /** From now on, new connections to the port go where they would without us. */
  remove(port: number): void {
    const what = `remove port ${port}`;
    this.#transact([{ what, message: { type: 14, flags: 0, attributes: element(this.#name, port) } }]);
  }

  /** Removes the table: its owner's socket is gone. May be called twice. */
  close(): void {
    if (this.#socket !== undefined) closeSync(this.#socket);
    this.#socket = undefined;
  }

  #transact(steps: readonly Step[]): void {
    if (this.#socket === undefined) throw new RemoteError('EBADF', 'the redirect table is closed');
    const verdicts = readVerdicts(this.#addon.exchange(this.#socket, batch(steps.map(({ message }) => message))));
    const refusal = verdicts.find(({ errno }) => errno !== 0);
    if (refusal !== undefined) throw refused(steps[refusal.sequence - 1]?.what, refusal.errno);
    if (verdicts.length < steps.length) throw refused('get an answer', 5);
  }
}

/** A kernel without owner tables (below 5.12), or without a module that the rules need. */
const missingFeature = new Set(['EOPNOTSUPP', 'EINVAL', 'ENOENT', 'EPROTONOSUPPORT', 'EAFNOSUPPORT']);

function refused(what: string | undefined, errno: number): RemoteError {
  const name = getSystemErrorName(-errno);
  const step = what === undefined ? 'use nf_tables' : what;
  if (!missingFeature.has(name)) return new RemoteError(name, `The node's kernel refused to ${step} (${name}).`);
  return new RemoteError(
    'EOPNOTSUPP',
    `Stealing needs nf_tables with owner tables (Linux 5.12) in the node's kernel, which failed to ${step} (${name}).`,
  );
}

/** NFT_MSG_NEWTABLE 0, NEWCHAIN 3, NEWRULE 6, NEWSET 9; the attributes are NFTA_TABLE_*, NFTA_SET_*, …. */
function creation(table: string, listenerPort: number): Step[] {
  const steal = [
    ...hasNotMark(passMark),
    ...isTcp,
    ...isForUs,
    ...isFirst,
    ...isToPortIn(setName),
    ...redirectTo(listenerPort),
  ];
  const guard = [...isTcp, ...isToPort(listenerPort), ...isDirect, ...rejectWithReset];
  return [
    step('create the table', 0, create | exclusive, [
      [1, text(table)],
      [2, be32(2)], // NFT_TABLE_F_OWNER
    ]),
    step('create the set of ports', 9, create | exclusive, [
      [1, text(table)],
      [2, text(setName)],
      [3, be32(0)], // no flags: a plain set
      [4, be32(13)], // nft's own number of inet_service, so that it lists the ports as such
      [5, be32(2)], // key length
      [10, be32(1)], // an id within this batch
    ]),
    chain(table, 'prerouting', 'nat', hooks.prerouting, priorities.dstnat),
    rule(table, 'prerouting', steal),
    chain(table, 'output', 'nat', hooks.output, priorities.dstnat),
    rule(table, 'output', steal),
    chain(table, 'zone', 'filter', hooks.output, priorities.raw),
    rule(table, 'zone', [...hasMark(passMark), ...setOriginalZone(passZone)]),
    chain(table, 'way_back', 'route', hooks.output, priorities.mangle),
    rule(table, 'way_back', [...hasMark(passMark), ...markConnection]),
    rule(table, 'way_back', [...isOfMarked(passMark), ...markPacket]),
    chain(table, 'guard', 'filter', hooks.input, priorities.filter),
    rule(table, 'guard', guard),
  ];
}

function chain(table: string, name: string, type: 'nat' | 'filter' | 'route', hook: number, priority: number): Step {
  const hookAttributes: Attribute[] = [
    [1, be32(hook)],
    [2, be32(priority)],
  ];
  return step(`create the chain ${name}`, 3, create | exclusive, [
    [1, text(table)],
    [3, text(name)],
    [4, hookAttributes],
    [7, text(type)],
  ]);
}

function rule(table: string, chainName: string, expressions: readonly Attribute[]): Step {
  return step(`add the rule of ${chainName}`, 6, create | append, [
    [1, text(table)],
    [2, text(chainName)],
    [4, expressions],
  ]);
}

function step(what: string, type: number, flags: number, attributes: readonly Attribute[]): Step {
  return { what, message: { type, flags, attributes } };
}

/** One port as an element of the set: NFTA_SET_ELEM_LIST_*, NFTA_LIST_ELEM, NFTA_SET_ELEM_KEY, NFTA_DATA_VALUE. */
function element(table: string, port: number): Attribute[] {
  return [
    [1, text(table)],
    [2, text(setName)],
    [3, [[1, [[1, [[1, be16(port)]]]]]]],
  ];
}
