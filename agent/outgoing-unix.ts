// Outgoing connections to unix sockets: in the target's root, or for abstract names in its network.

import { Socket } from 'node:net';
import type { Channel } from '../src/protocol/channel.ts';
import type { ReplyOf, RequestOf } from '../src/protocol/schema.ts';
import { splice } from '../src/protocol/splice.ts';
import type { Addon } from './addon.ts';

/** @throws with the errno name of the connect(2) that failed; EAGAIN when the server's backlog is full */
export function connectUnix(
  addon: Addon,
  { path }: RequestOf<'connectUnix'>,
  channel: Channel,
): ReplyOf<'connectUnix'> {
  const fd = addon.connectUnix(path);
  splice(new Socket({ fd, allowHalfOpen: true }), channel);
  return {};
}
