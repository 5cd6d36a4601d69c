// One session: a proxy's connection, what it may ask for, and what it holds. Everything that it holds is
// released when its link is over, however that came.

import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ownHello } from '../src/protocol/hello.ts';
import { Link } from '../src/protocol/link.ts';
import type { Addon } from './addon.ts';
import { Files } from './files.ts';
import type { Steals } from './incoming/steal.ts';
import { log } from './log.ts';
import { lookup } from './names/lookup.ts';
import { lookupService, resolve } from './names/resolve.ts';
import { connectTcp, connectTcpFrom } from './outgoing.ts';
import { connectUnix } from './outgoing-unix.ts';
import { introduce } from './people.ts';
import type { Target } from './target/enter.ts';
import { openUdp } from './udp.ts';

/** What sessions share. */
export interface SessionNeeds {
  readonly target: Target;
  readonly steals: Steals;
  readonly addon: Addon;
}

/** A proxy says hello at once; whoever connects and is silent is no proxy. */
const helloTimeoutMs = 10_000;

/**
 * Runs a session to its end.
 * @param admit gives the entered target, or throws the reason why there is no session, which the proxy is told
 * @param leave the session will end in order. @returns whether it is the last one
 */
export async function startSession(
  socket: Socket,
  admit: () => Promise<SessionNeeds>,
  leave: () => boolean,
): Promise<void> {
  const link = await Link.accept(socket, ownHello('agent'), async () => void (await admit()), helloTimeoutMs);
  const { target, steals, addon } = await admit();
  const files = new Files(addon);
  link.serve({
    readEnvironment: () => ({ variables: target.environment }),
    ...files.handlers,
    networkInterfaces: () => ({ interfaces: JSON.stringify(networkInterfaces()) }),
    lookup,
    lookupService,
    resolve,
    connectTcp,
    connectTcpFrom,
    connectUnix: (request, channel) => connectUnix(addon, request, channel),
    openUdp,
    introduce: (person) => {
      introduce(link, person);
      return {};
    },
    leave: () => {
      steals.releaseAll(link); // not when its connection is seen to end: the next session may be there before that
      return { last: leave() };
    },
    steal: async (request) => {
      await steals.steal(request, link);
      return {};
    },
    release: ({ port }) => {
      steals.release(port, link);
      return {};
    },
  });
  log('session begins', { version: link.peer.version });
  const reason = await link.closed;
  steals.releaseAll(link);
  await files.close();
  log('session ends', { reason: reason?.message });
}
