// Netlink messages as the kernel takes them (netlink(7), linux/netfilter/nfnetlink.h), built and read as
// bytes: the image needs no nft and no ip program, and the nf_tables table lives exactly as long as our socket.
//
// A message is nlmsghdr (16 bytes: length, type, flags, sequence, port), a header of its family (for nf_tables
// nfgenmsg: family, version, resource) and attributes (length, type, value, padded to 4). The headers are in
// the machine's order, which is little-endian wherever we run; numbers in nf_tables attributes are big-endian,
// in those of other families little-endian.

const headerBytes = 16;

/** NETLINK_* */
export const protocols = { route: 0, sockets: 4, netfilter: 12 } as const;

const errorType = 2; // NLMSG_ERROR: an errno, 0 for an acknowledgement, and the header that it answers
const batchBegin = 16; // NFNL_MSG_BATCH_BEGIN
const batchEnd = 17;
const nftablesSubsystem = 10; // NFNL_SUBSYS_NFTABLES

export const requestFlags = {
  request: 0x1,
  acknowledge: 0x4,
  dump: 0x300,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
} as const;

/** An attribute: its NFTA_* number and value. A list is a nested attribute. */
export type Attribute = readonly [type: number, value: Buffer | readonly Attribute[]];

export interface Message {
  /** An NFT_MSG_* number. */
  readonly type: number;
  /** Of `requestFlags`; asking for an acknowledgement is always added. */
  readonly flags: number;
  readonly attributes: readonly Attribute[];
}

/** nfgenmsg of NFPROTO_INET (one table for IPv4 and IPv6), and of the batch's own messages. */
export const inetHeader = Buffer.from([1, 0, 0, 0]);
const batchHeader = Buffer.from([0, 0, 0, nftablesSubsystem]);

/** The type of an nf_tables message on the wire. */
export function nftablesType(type: number): number {
  return (nftablesSubsystem << 8) | type;
}

/**
 * All messages as one transaction: the kernel does them all or none.
 * @returns the bytes; the messages have the sequence numbers from 1 in their order, the batch's own are 0
 */
export function batch(messages: readonly Message[]): Buffer {
  const border = (type: number) => encodeMessage(type, requestFlags.request, 0, batchHeader, []);
  return Buffer.concat([
    border(batchBegin),
    ...messages.map(({ type, flags, attributes }, index) =>
      encodeMessage(
        nftablesType(type),
        flags | requestFlags.request | requestFlags.acknowledge,
        index + 1,
        inetHeader,
        attributes,
      ),
    ),
    border(batchEnd),
  ]);
}

/** One message. @param header that of its family, behind nlmsghdr */
export function encodeMessage(
  type: number,
  flags: number,
  sequence: number,
  header: Buffer,
  attributes: readonly Attribute[],
): Buffer {
  const body = encodeAttributes(attributes);
  const start = Buffer.alloc(headerBytes);
  start.writeUInt32LE(headerBytes + header.length + body.length, 0);
  start.writeUInt16LE(type, 4);
  start.writeUInt16LE(flags, 6);
  start.writeUInt32LE(sequence, 8);
  return Buffer.concat([start, header, body]);
}

/** The kernel's word on the message with this sequence number: 0, or a (positive) errno. */
export interface Verdict {
  readonly sequence: number;
  readonly errno: number;
}

/** Reads the acknowledgements and errors in the kernel's datagrams; other messages are skipped. */
export function readVerdicts(datagrams: readonly Buffer[]): Verdict[] {
  return readMessages(datagrams)
    .filter(({ type, body }) => type === errorType && body.length >= 4 + headerBytes)
    .map(({ body }) => ({ sequence: body.readUInt32LE(4 + 8), errno: Math.abs(body.readInt32LE(0)) }));
}

/** A message of the kernel: `body` is the header of its family and the attributes. */
export interface KernelMessage {
  readonly type: number;
  readonly body: Buffer;
}

/** All messages in the kernel's datagrams, up to one that is cut short or lies about its length. */
export function readMessages(datagrams: readonly Buffer[]): KernelMessage[] {
  const messages: KernelMessage[] = [];
  for (const datagram of datagrams) {
    for (let at = 0; at + headerBytes <= datagram.length; ) {
      const length = datagram.readUInt32LE(at);
      if (length < headerBytes || at + length > datagram.length) break;
      messages.push({ type: datagram.readUInt16LE(at + 4), body: datagram.subarray(at + headerBytes, at + length) });
      at += aligned(length);
    }
  }
  return messages;
}

/** The attributes of a message's body, by type. @param start the size of the family's header */
export function readAttributes(body: Buffer, start: number): ReadonlyMap<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  for (let at = start; at + 4 <= body.length; ) {
    const length = body.readUInt16LE(at);
    if (length < 4 || at + length > body.length) break;
    attributes.set(body.readUInt16LE(at + 2) & ~nested, body.subarray(at + 4, at + length));
    at += aligned(length);
  }
  return attributes;
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

/** A 32-bit number in the machine's order: in registers of nf_tables, and in other families' attributes. */
export function le32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** A big-endian 16-bit number: a port as a packet has it. */
export function be16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
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
