// Netlink messages as nf_tables takes them (netlink(7), linux/netfilter/nfnetlink.h), built and read as
// bytes: the image needs no nft program, and the table lives exactly as long as our socket.
//
// A message is nlmsghdr (16 bytes: length, type, flags, sequence, port), nfgenmsg (4 bytes: family,
// version, resource) and attributes (length, type, value, padded to 4). The headers are in the machine's
// order, which is little-endian wherever we run; numbers in nf_tables attributes are big-endian.

const headerBytes = 16;
const nfgenBytes = 4;

const errorType = 2; // NLMSG_ERROR: an errno, 0 for an acknowledgement, and the header that it answers
const batchBegin = 16; // NFNL_MSG_BATCH_BEGIN
const batchEnd = 17;
const nftablesSubsystem = 10; // NFNL_SUBSYS_NFTABLES

export const requestFlags = { request: 0x1, acknowledge: 0x4, exclusive: 0x200, create: 0x400, append: 0x800 } as const;

/** An attribute: its NFTA_* number and value. A list is a nested attribute. */
export type Attribute = readonly [type: number, value: Buffer | readonly Attribute[]];

export interface Message {
  /** An NFT_MSG_* number. */
  readonly type: number;
  /** Of `requestFlags`; asking for an acknowledgement is always added. */
  readonly flags: number;
  readonly attributes: readonly Attribute[];
}

/** NFPROTO_INET: one table for IPv4 and IPv6. */
const inetFamily = 1;

/**
 * All messages as one transaction: the kernel does them all or none.
 * @returns the bytes; the messages have the sequence numbers from 1 in their order, the batch's own are 0
 */
export function batch(messages: readonly Message[]): Buffer {
  return Buffer.concat([
    netlinkMessage(batchBegin, requestFlags.request, 0, 0, nftablesSubsystem, []),
    ...messages.map(({ type, flags, attributes }, index) =>
      netlinkMessage(
        (nftablesSubsystem << 8) | type,
        flags | requestFlags.request | requestFlags.acknowledge,
        index + 1,
        inetFamily,
        0,
        attributes,
      ),
    ),
    netlinkMessage(batchEnd, requestFlags.request, 0, 0, nftablesSubsystem, []),
  ]);
}

/** The kernel's word on the message with this sequence number: 0, or a (positive) errno. */
export interface Verdict {
  readonly sequence: number;
  readonly errno: number;
}

/** Reads the acknowledgements and errors in the kernel's datagrams; other messages are skipped. */
export function readVerdicts(datagrams: readonly Buffer[]): Verdict[] {
  const verdicts: Verdict[] = [];
  for (const datagram of datagrams) {
    for (let at = 0; at + headerBytes <= datagram.length; ) {
      const length = datagram.readUInt32LE(at);
      if (length < headerBytes || at + length > datagram.length) break;
      if (datagram.readUInt16LE(at + 4) === errorType && length >= headerBytes + 4 + headerBytes) {
        verdicts.push({
          sequence: datagram.readUInt32LE(at + headerBytes + 4 + 8),
          errno: Math.abs(datagram.readInt32LE(at + headerBytes)),
        });
      }
      at += aligned(length);
    }
  }
  return verdicts;
}

/** A NUL-terminated string. */
export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

/** A big-endian 32-bit number, signed or not. */
export function be32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

/** A big-endian 16-bit number: a port as a packet has it. */
export function be16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function netlinkMessage(
  type: number,
  flags: number,
  sequence: number,
  family: number,
  resource: number,
  attributes: readonly Attribute[],
): Buffer {
  const body = encodeAttributes(attributes);
  const header = Buffer.alloc(headerBytes + nfgenBytes);
  header.writeUInt32LE(header.length + body.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt32LE(sequence, 8);
  header[headerBytes] = family;
  header.writeUInt16BE(resource, headerBytes + 2);
  return Buffer.concat([header, body]);
}

const nested = 0x8000; // NLA_F_NESTED

function encodeAttributes(attributes: readonly Attribute[]): Buffer {
  const parts: Buffer[] = [];
  for (const [type, value] of attributes) {
    const isList = !Buffer.isBuffer(value);
    const bytes = isList ? encodeAttributes(value) : value;
    const header = Buffer.alloc(4);
    header.writeUInt16LE(4 + bytes.length, 0);
    header.writeUInt16LE(isList ? type | nested : type, 2);
    parts.push(header, bytes, Buffer.alloc(aligned(bytes.length) - bytes.length));
  }
  return Buffer.concat(parts);
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}
