// A connection that came to a claimed port: to the program of the session that takes it, or on to the
// original container.

import type { RemoteError } from '../../src/protocol/failure.ts';
import type { FilteredRequest } from '../../src/protocol/http-filter/compile.ts';
import { splice } from '../../src/protocol/splice.ts';
import type { Claims } from './claims.ts';
import type { Original } from './original.ts';
import type { Redirected } from './redirect.ts';
import type { SessionClaim } from './session-claim.ts';

export interface ConnectionContext {
  readonly claims: Claims<FilteredRequest, SessionClaim>;
  readonly original: Original;
}

export async function serveConnection(connection: Redirected, { claims, original }: ConnectionContext): Promise<void> {
  // None when the port was released a moment ago.
  const { taker } = claims.decideUnread(connection.server.port);
  if (taker === undefined) passOn(connection, original);
  else await offer(connection, taker, original);
}

/** Asks the program to take the connection. One that it refuses because it ends goes to the target after all. */
async function offer(connection: Redirected, claim: SessionClaim, original: Original): Promise<void> {
  const { socket } = connection;
  try {
    splice(socket, await claim.open(connection));
  } catch (error) {
    // Between two programs more connections wait for the next one than the proxy holds.
    const isPods = (error as RemoteError).code === 'NOBODY_LISTENS';
    if (isPods || (await claim.settled()) === 'released') passOn(connection, original);
    else socket.resetAndDestroy(); // as from a port that is closed
  }
}

/** The target answers, as it does for all later connections. */
function passOn(connection: Redirected, original: Original): void {
  const { socket } = connection;
  const passed = original.connect(connection);
  passed.on('error', () => socket.resetAndDestroy());
  socket.on('error', () => passed.resetAndDestroy());
  socket.on('close', () => passed.destroy());
  socket.pipe(passed);
  passed.pipe(socket);
}
