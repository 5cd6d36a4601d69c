// Joins the agent of a target, and leaves it again: several sessions share one, so it is the last one that
// removes it. An agent that has told its last session so takes no new one; who comes then gets the next agent.

import { setTimeout as sleep } from 'node:timers/promises';
import { RemoteError } from '../protocol/failure.ts';
import type { Link } from '../protocol/link.ts';
import type { AgentSite, PodPlace } from './agent-site.ts';
import { developer } from './developer.ts';
import { openLink } from './open-link.ts';

export interface JoinedAgent {
  readonly site: AgentSite;
  readonly link: Link;
}

const againMs = 100;
/** How often an agent may end just as it is joined, before somebody should look at it. */
const attempts = 20;
/** An agent that does not answer in this time is left to its own end. */
const leaveTimeoutMs = 2_000;

/**
 * Starts the pod's agent, or joins the one that runs.
 * @throws MirrordError; nothing is left in the cluster then that no other session uses
 */
export async function joinAgent(
  pod: PodPlace,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<JoinedAgent> {
  for (let attempt = 1; ; attempt++) {
    const site = await pod.start(report, signal);
    try {
      const link = await openLink(site, signal);
      // Nobody waits for it: an agent of before there was such a message goes without.
      void link.request('introduce', developer()).catch(() => {});
      return { site, link };
    } catch (error) {
      const again = attempt < attempts && !signal.aborted && (isEnding(error) || !(await site.isLiving()));
      if (!again) {
        await leaveUnjoined(site);
        throw error;
      }
      await sleep(againMs, undefined, { signal });
    }
  }
}

/** Leaves the agent, and removes it if no other session is there. May be called when the link is lost. */
export async function leaveAgent({ site, link }: JoinedAgent): Promise<void> {
  if (!site.endsWithSessions) return link.close();
  const timeout = sleep(leaveTimeoutMs, { last: false }, { ref: false });
  const { last } = await Promise.race([link.request('leave', {}), timeout]).catch((error: unknown) => {
    // An agent of before there was such a message has no other session.
    return { last: error instanceof RemoteError && error.code === 'ENOSYS' };
  });
  link.close();
  if (last) await site.remove();
}

/** The agent is there and was not joined: it may be of use to others, unless nobody can join it. */
async function leaveUnjoined(site: AgentSite): Promise<void> {
  try {
    await leaveAgent({ site, link: await openLink(site, AbortSignal.timeout(leaveTimeoutMs)) });
  } catch {
    if (site.created) await site.remove();
  }
}

function isEnding(error: unknown): boolean {
  const { cause } = error as Error;
  return cause instanceof RemoteError && cause.code === 'AGENT_ENDING';
}
