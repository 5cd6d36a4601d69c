// Joins a TCP connection and a channel, so that each side sees what the other does: bytes, the end of one
// direction (FIN, `end`), and a break (RST, `reset`). The proxy and the agent both end their streams so.

import type { Socket } from 'node:net';
import type { Channel } from './channel.ts';

/**
 * Carries bytes both ways until both directions have ended or one side breaks; then both are closed.
 * Memory is bounded by the buffers of the two: a reader that is slow stops the other side's writer.
 * @param socket connected, with `allowHalfOpen`, else its first FIN would end both directions
 */
export function splice(socket: Socket, channel: Channel): void {
  socket.on('error', () => {}); // 'close' follows, and says it
  socket.once('close', () => {
    if (!isOver(socket)) channel.destroy();
  });
  channel.once('close', () => {
    if (!isOver(channel)) socket.resetAndDestroy();
  });
  if (socket.destroyed) channel.destroy();
  else if (channel.destroyed) socket.resetAndDestroy();
  else socket.pipe(channel).pipe(socket); // pipe ends its destination, which is how a FIN goes on
}

/** Both directions came to their regular end; what was written last may still be on its way. */
function isOver(stream: Socket | Channel): boolean {
  return stream.readableEnded && stream.writableFinished;
}
