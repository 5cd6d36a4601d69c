// The words that a rule is made of, as nf_tables has them (linux/netfilter/nf_tables.h). A rule is a list
// of expressions that run one after the other on a packet: one loads something into register 1, the next
// compares it and stops the rule if it differs, the last one decides the packet's fate.

import { type Attribute, be16, be32, le32, text } from './netlink.ts';

/** NFT_REG_1: the one register that our rules need. */
const register = be32(1);

const listElement = 1; // NFTA_LIST_ELEM
const dataValue = 1; // NFTA_DATA_VALUE
const equals = be32(0); // NFT_CMP_EQ
const differs = be32(1); // NFT_CMP_NEQ

const loadMark = expression('meta', [
  [1, register],
  [2, be32(3)], // NFT_META_MARK
]);

/** `meta l4proto tcp` */
export const isTcp: readonly Attribute[] = [
  expression('meta', [
    [1, register],
    [2, be32(16)], // NFT_META_L4PROTO
  ]),
  isEqual(Buffer.from([6])),
];

/** `fib daddr type local`: the packet is for this network namespace itself, not to be passed on. */
export const isForUs: readonly Attribute[] = [
  expression('fib', [
    [1, register],
    [2, be32(3)], // NFT_FIB_RESULT_ADDRTYPE
    [3, be32(2)], // NFTA_FIB_F_DADDR
  ]),
  isEqual(le32(2)), // RTN_LOCAL
];

/** `tcp flags & (fin | syn | rst | ack) == syn`: the packet opens a connection. */
export const isFirst: readonly Attribute[] = [
  loadTcpHeader(13, 1),
  mask(Buffer.from([0x17])),
  isEqual(Buffer.from([0x02])),
];

/** `tcp dport PORT` */
export function isToPort(port: number): readonly Attribute[] {
  return [loadTcpHeader(2, 2), isEqual(be16(port))];
}

/** `tcp dport @SET` */
export function isToPortIn(set: string): readonly Attribute[] {
  return [
    loadTcpHeader(2, 2),
    expression('lookup', [
      [1, text(set)],
      [2, register],
    ]),
  ];
}

/** `ct status & dnat == 0`: no rule has changed where the connection goes. */
export const isDirect: readonly Attribute[] = [
  expression('ct', [
    [1, register],
    [2, be32(2)], // NFT_CT_STATUS
  ]),
  mask(le32(32)), // IPS_DST_NAT
  isEqual(le32(0)),
];

/** `meta mark MARK` */
export function hasMark(mark: number): readonly Attribute[] {
  return [loadMark, isEqual(le32(mark))];
}

/** `meta mark != MARK` */
export function hasNotMark(mark: number): readonly Attribute[] {
  return [loadMark, compare(differs, le32(mark))];
}

/** `ct mark MARK` */
export function isOfMarked(mark: number): readonly Attribute[] {
  return [
    expression('ct', [
      [1, register],
      [2, be32(3)], // NFT_CT_MARK
    ]),
    isEqual(le32(mark)),
  ];
}

/** `ct mark set meta mark` */
export const markConnection: readonly Attribute[] = [
  loadMark,
  expression('ct', [
    [2, be32(3)], // NFT_CT_MARK
    [4, register], // NFTA_CT_SREG
  ]),
];

/** `meta mark set ct mark` */
export const markPacket: readonly Attribute[] = [
  expression('ct', [
    [1, register],
    [2, be32(3)],
  ]),
  expression('meta', [
    [2, be32(3)], // NFT_META_MARK
    [3, register], // NFTA_META_SREG
  ]),
];

/** `ct original zone set ZONE` */
export function setOriginalZone(zone: number): readonly Attribute[] {
  const value = Buffer.alloc(2);
  value.writeUInt16LE(zone);
  return [
    expression('immediate', [
      [1, register],
      [2, [[dataValue, value]]],
    ]),
    expression('ct', [
      [2, be32(17)], // NFT_CT_ZONE
      [3, Buffer.from([0])], // IP_CT_DIR_ORIGINAL
      [4, register],
    ]),
  ];
}

/** `redirect to :PORT` */
export function redirectTo(port: number): readonly Attribute[] {
  return [
    expression('immediate', [
      [1, register],
      [2, [[dataValue, be16(port)]]],
    ]),
    expression('redir', [
      [1, register],
      [3, be32(2)], // NF_NAT_RANGE_PROTO_SPECIFIED
    ]),
  ];
}

/** `reject with tcp reset` */
export const rejectWithReset: readonly Attribute[] = [expression('reject', [[1, be32(1)]])];

function loadTcpHeader(offset: number, length: number): Attribute {
  return expression('payload', [
    [1, register],
    [2, be32(2)], // NFT_PAYLOAD_TRANSPORT_HEADER
    [3, be32(offset)],
    [4, be32(length)],
  ]);
}

function isEqual(value: Buffer): Attribute {
  return compare(equals, value);
}

function compare(operator: Buffer, value: Buffer): Attribute {
  return expression('cmp', [
    [1, register],
    [2, operator],
    [3, [[dataValue, value]]],
  ]);
}

function mask(bits: Buffer): Attribute {
  return expression('bitwise', [
    [1, register], // from
    [2, register], // to
    [3, be32(bits.length)],
    [4, [[dataValue, bits]]],
    [5, [[dataValue, Buffer.alloc(bits.length)]]], // xor
  ]);
}

function expression(name: string, data: readonly Attribute[]): Attribute {
  return [
    listElement,
    [
      [1, text(name)],
      [2, data],
    ],
  ];
}
