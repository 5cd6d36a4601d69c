// The agent: one process on the target's node that does for the proxies what their programs would do
// inside the target. It listens on its own loopback only, so a port-forward is the one way in.

// Files of all sessions share the pool: four threads would be held up by four slow reads of a network volume.
process.env.UV_THREADPOOL_SIZE ??= '16';

import type { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadAddon } from './addon.ts';
import { Steals } from './incoming/steal.ts';
import { listen } from './listen.ts';
import { log, reasonOf } from './log.ts';
import { Sessions } from './sessions.ts';
import { readSettings } from './settings.ts';
import { enterTarget, noTarget, type Target } from './target/enter.ts';
import { findTarget } from './target/find.ts';

/** Below the pod's termination grace period. */
const drainMs = 3_000;

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const addon = loadAddon();
  const sessions = new Sessions(settings.idleMs);

  // The socket belongs to the network that the agent is in now: its own.
  const server = await listen(settings.port, (socket) => sessions.accept(socket));
  const steals = new Steals(addon);
  endOnSignals(server, sessions, steals);
  try {
    const target = settings.target.kind === 'none' ? noTarget : await enterTarget(addon, findTarget(settings.target));
    log('entered', { pid: target.pid });
    sessions.begin({ target, steals, addon });
    endWith(target, sessions);
  } catch (error) {
    // It stays up and says so to whoever comes, until it has been idle long enough.
    log('failed', { reason: reasonOf(error) });
    sessions.refuse(error);
  }
  await sessions.idle;
  log('idle');
  await drain(steals);
  process.exit(0);
}

function endWith(target: Target, sessions: Sessions): void {
  void target.ended.then(() => {
    log('target ended', { pid: target.pid });
    sessions.close();
    process.exit(3);
  });
}

/** Connections that are on their way to the target get there first. */
async function drain(steals: Steals): Promise<void> {
  await Promise.race([steals.drain(), sleep(drainMs)]);
}

/** Kubernetes' way to remove the agent. */
function endOnSignals(server: Server, sessions: Sessions, steals: Steals): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, async () => {
      log('stopped', { signal });
      server.close();
      sessions.close();
      await drain(steals);
      process.exit(0);
    });
  }
}

main().catch((error: unknown) => {
  log('failed', { reason: reasonOf(error) });
  process.exit(1);
});
