// Connections to the target's port from before it was claimed: the redirect does not see them, so a client that
// keeps one alive would be the pod's for as long as it likes. Those that are between two requests are reset, as a
// server may at any time, and the client's next request comes by the redirect. The kernel says by sock_diag(7)
// when each last sent and received, and closes a socket for us (SOCK_DESTROY, Linux 4.9).

import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Addon } from '../addon.ts';
import { log, reasonOf } from '../log.ts';
import { encodeMessage, protocols, readAttributes, readMessages, readVerdicts, requestFlags } from './netlink.ts';
import { passMark } from './nftables.ts';

const byFamily = 20; // SOCK_DIAG_BY_FAMILY
const destroy = 21; // SOCK_DESTROY
const families = [2, 10]; // AF_INET, AF_INET6
const tcp = 6;
const established = 1 << 1;
const infoAttribute = 2; // INET_DIAG_INFO
const markAttribute = 15; // INET_DIAG_MARK, for who has NET_ADMIN
const messageBytes = 72; // struct inet_diag_msg
const idBytes = 48; // struct inet_diag_sockid

/** Nothing has moved on a connection for this long, and the server had the last word: no request is under way. */
const quietMs = 30;
const longQuietMs = 500;
/** How often, and for how long, they are looked at. */
const intervalMs = 40;
const limitMs = 10_000;

/** Resets the port's old connections as each becomes idle, until none is left, `isWanted` says no, or 10 s are over. */
export async function resetIdleConnections(addon: Addon, port: number, isWanted: () => boolean): Promise<void> {
  try {
    for (const end = Date.now() + limitMs; Date.now() < end && isWanted(); await sleep(intervalMs)) {
      if (resetIdle(addon, port) === 0) return;
    }
  } catch (error) {
    log('old connections stay', { port, reason: reasonOf(error) });
  }
}

/** @returns how many connections are left */
function resetIdle(addon: Addon, port: number): number {
  const socket = addon.openNetlink(protocols.sockets);
  try {
    let left = 0;
    for (const family of families) {
      const request = (id: Buffer) => Buffer.concat([Buffer.from([family, tcp, extensions, 0]), states, id]);
      const list = (id: Buffer) =>
        readMessages(addon.exchange(socket, encodeMessage(byFamily, listFlags, 1, request(id), [])))
          .filter(({ type, body }) => type === byFamily && body.length >= messageBytes)
          .map(({ body }) => describe(body));
      // Those that the agent passes on itself come by the redirect already.
      const own = new Set(list(idOf(0, port)).flatMap(({ mark, local }) => (mark === passMark ? [local] : [])));
      for (const connection of list(idOf(port, 0))) {
        if (own.has(connection.remote)) continue;
        left += 1;
        if (connection.isIdle) end(addon, socket, request(connection.id));
      }
    }
    return left;
  } finally {
    closeSync(socket);
  }
}

const listFlags = requestFlags.request | requestFlags.dump;
const extensions = 1 << (infoAttribute - 1);
const states = Buffer.from([established, 0, 0, 0]);

function end(addon: Addon, socket: number, request: Buffer): void {
  const flags = requestFlags.request | requestFlags.acknowledge;
  const [verdict] = readVerdicts(addon.exchange(socket, encodeMessage(destroy, flags, 1, request, [])));
  const gone = 2; // ENOENT: it has just ended by itself
  if (verdict !== undefined && verdict.errno !== 0 && verdict.errno !== gone) {
    throw new Error(`the node's kernel refused to close a connection (errno ${verdict.errno})`);
  }
}

/** struct inet_diag_sockid with ports only, which stands for all sockets that have them. */
function idOf(localPort: number, remotePort: number): Buffer {
  const id = Buffer.alloc(idBytes);
  id.writeUInt16BE(localPort, 0);
  id.writeUInt16BE(remotePort, 2);
  id.fill(0xff, 40); // INET_DIAG_NOCOOKIE
  return id;
}

/** struct inet_diag_msg: 4 bytes, the id, then expires, rqueue, wqueue, uid, inode; and struct tcp_info. */
function describe(body: Buffer) {
  const id = body.subarray(4, 4 + idBytes);
  const attributes = readAttributes(body, messageBytes);
  const info = attributes.get(infoAttribute);
  const queued = body.readUInt32LE(56) + body.readUInt32LE(60);
  return {
    id,
    local: `${id.readUInt16BE(0)} ${id.toString('hex', 4, 20)}`,
    remote: `${id.readUInt16BE(2)} ${id.toString('hex', 20, 36)}`,
    mark: attributes.get(markAttribute)?.readUInt32LE(),
    isIdle: queued === 0 && info !== undefined && info.length >= 160 && isIdle(info),
  };
}

/**
 * The server has spoken last, and that is a while ago. The kernel's clock ticks each 1 to 4 ms, so that a quick
 * answer has the time of its request: then, as many segments out as in are a request and an answer each, and where
 * answers take several, only a long silence says that no request has come with the last answer's tick.
 */
function isIdle(info: Buffer): boolean {
  const unacknowledged = info.readUInt32LE(24);
  const sinceSentMs = info.readUInt32LE(44);
  const sinceReceivedMs = info.readUInt32LE(52);
  const [segmentsIn, segmentsOut] = [info.readUInt32LE(152), info.readUInt32LE(156)];
  if (unacknowledged !== 0 || sinceSentMs > sinceReceivedMs) return false;
  if (sinceSentMs < sinceReceivedMs) return sinceSentMs >= quietMs;
  if (segmentsOut < segmentsIn) return false;
  return sinceSentMs >= (segmentsOut === segmentsIn ? 2 * quietMs : longQuietMs);
}
