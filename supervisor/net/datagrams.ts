// sendto, sendmsg, sendmmsg, recvfrom and recvmsg: those that name a peer of the pod, and those that are told one.

import { type Call, Errno, type Handler, type Outcome } from '../call.ts';
import { readAddress } from './connect.ts';
import { writeAddress } from './names.ts';
import { type Network, type Taken, withSocket } from './network.ts';
import { decodeAddress, encodeAddress } from './sockaddr.ts';
import { isRemoteUdp, sendUdp } from './udp.ts';

/** Of bits/socket.h. */
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

/** A datagram's data, and what may stand around it. */
const maxBytes = 65_536;
const maxParts = 1024;
const lookEveryMs = 1_000;

export function datagramHandlers(network: Network): Record<string, Handler> {
  return {
    /** sendto(fd, buffer, length, flags, address, length); without an address it does not stop */
    sendto(call) {
      const peer = remotePeer(network, call, call.long(4), call.int(5));
      if (peer === undefined) return 'pass';
      return withSocket<Outcome>(network, call, call.int(0), (socket) => {
        if (socket.kind !== 'udp') return 'pass';
        if (call.long(2) > maxBytes) throw new Errno('EMSGSIZE');
        return sendUdp(network, socket, peer, call.read(call.long(1), call.long(2)), call.int(3));
      });
    },
    /** sendmsg(fd, header, flags) */
    sendmsg(call) {
      const message = readMessage(call, call.long(1));
      const peer = remotePeer(network, call, message.name, message.nameLength);
      if (peer === undefined) return 'pass';
      return withSocket<Outcome>(network, call, call.int(0), (socket) => {
        if (socket.kind !== 'udp') return 'pass';
        return sendUdp(network, socket, peer, gather(call, message), call.int(2));
      });
    },
    /** sendmmsg(fd, headers, count, flags) */
    sendmmsg: (call) => sendMany(network, call),
    /** recvfrom(fd, buffer, length, flags, address, length); without an address it does not stop */
    recvfrom: (call) =>
      receive(network, call, call.int(3), (data, from) => {
        const part = data.subarray(0, call.long(2));
        call.write(call.long(1), part);
        writeAddress(call, call.long(4), call.long(5), from);
        return part.length;
      }),
    /** recvmsg(fd, header, flags) */
    recvmsg: (call) =>
      receive(network, call, call.int(2), (data, from) => {
        const message = readMessage(call, call.long(1));
        const length = scatter(call, message, data);
        if (message.name !== 0) call.write(message.name, from.subarray(0, message.nameLength));
        const nameLength = Buffer.alloc(4);
        nameLength.writeInt32LE(message.name === 0 ? 0 : from.length);
        call.write(call.long(1) + 8, nameLength);
        const rest = Buffer.alloc(12); // no control data, and the flags
        rest.writeInt32LE(length < data.length ? MSG_TRUNC : 0, 8);
        call.write(call.long(1) + 40, rest);
        return length;
      }),
  };
}

function remotePeer(network: Network, call: Call, at: number, length: number) {
  const address = at === 0 ? undefined : readAddress(call, at, length);
  const peer = address === undefined ? undefined : decodeAddress(address);
  return peer !== undefined && isRemoteUdp(network, peer) ? peer : undefined;
}

/** struct mmsghdr is a msghdr and the length sent, 64 bytes in all. Others than the pod's pass, if all do. */
function sendMany(network: Network, call: Call): Outcome | Promise<Outcome> {
  const count = Math.min(call.int(2), maxParts);
  const messages = Array.from({ length: Math.max(count, 0) }, (_, at) => {
    const message = readMessage(call, call.long(1) + 64 * at);
    return { message, peer: remotePeer(network, call, message.name, message.nameLength) };
  });
  if (messages.every(({ peer }) => peer === undefined)) return 'pass';
  return withSocket<Outcome>(network, call, call.int(0), async (socket) => {
    for (const [at, { message, peer }] of messages.entries()) {
      // One to this machine among those to the pod: the program makes it again, as the first of the next call.
      if (peer === undefined) return at;
      const length = Buffer.alloc(4);
      length.writeUInt32LE(await sendUdp(network, socket, peer, gather(call, message), call.int(3)));
      call.write(call.long(1) + 64 * at + 56, length);
    }
    return messages.length;
  });
}

/** Receives for a socket that has one in the pod; `write` tells the program, with the true sender. */
function receive(
  network: Network,
  call: Call,
  flags: number,
  write: (data: Buffer, from: Buffer) => number,
): Outcome | Promise<Outcome> {
  if (network.udp.byInode.size === 0) return 'pass';
  return withSocket<Outcome>(network, call, call.int(0), async (socket) => {
    if (!network.udp.byInode.has(socket.inode)) return 'pass';
    const { data, from } = await nextDatagram(network, call, socket, flags);
    const sender = decodeAddress(from);
    const peer = sender === undefined ? undefined : network.udp.peers.get(sender.port);
    const length = write(data, peer === undefined ? from : encodeAddress(socket.family, peer));
    return (flags & MSG_TRUNC) === 0 ? length : data.length;
  });
}

/** @throws Errno EAGAIN where the socket must not block, or its time (SO_RCVTIMEO) is up */
async function nextDatagram({ addon }: Network, call: Call, socket: Taken, flags: number) {
  const timeoutMs = addon.receiveTimeout(socket.fd);
  const deadline = timeoutMs === 0 ? Number.POSITIVE_INFINITY : Date.now() + timeoutMs;
  for (;;) {
    try {
      return addon.receiveFrom(socket.fd, flags & ~MSG_TRUNC);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const wait = !socket.nonBlocking && (flags & MSG_DONTWAIT) === 0 && Date.now() < deadline;
      if (code !== 'EAGAIN' || !wait) throw error;
    }
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        addon.stopPoll(poll);
        resolve();
      };
      const timer = setTimeout(done, Math.min(lookEveryMs, deadline - Date.now()));
      const poll = addon.startPoll(socket.fd, 1, done);
    });
    if (!call.waits) throw new Errno('EINTR');
  }
}

/** struct msghdr (recvmsg(2)), of which the two processors have the same layout. */
interface Message {
  readonly name: number;
  readonly nameLength: number;
  readonly parts: number;
  readonly partCount: number;
}

function readMessage(call: Call, at: number): Message {
  const bytes = call.read(at, 56);
  return {
    name: Number(bytes.readBigUInt64LE(0)),
    nameLength: bytes.readUInt32LE(8),
    parts: Number(bytes.readBigUInt64LE(16)),
    partCount: Math.min(Number(bytes.readBigUInt64LE(24)), maxParts),
  };
}

/** The parts, struct iovec each: where, and how long. */
function partsOf(call: Call, { parts, partCount }: Message): { at: number; length: number }[] {
  const bytes = call.read(parts, 16 * partCount);
  return Array.from({ length: partCount }, (_, at) => ({
    at: Number(bytes.readBigUInt64LE(16 * at)),
    length: Number(bytes.readBigUInt64LE(16 * at + 8)),
  }));
}

function gather(call: Call, message: Message): Buffer {
  const parts = partsOf(call, message);
  if (parts.reduce((sum, { length }) => sum + length, 0) > maxBytes) throw new Errno('EMSGSIZE');
  return Buffer.concat(parts.map(({ at, length }) => (length === 0 ? Buffer.alloc(0) : call.read(at, length))));
}

function scatter(call: Call, message: Message, data: Buffer): number {
  let done = 0;
  for (const { at, length } of partsOf(call, message)) {
    const part = data.subarray(done, done + length);
    call.write(at, part);
    done += part.length;
  }
  return done;
}
