// Waiting for a condition of the cluster, which tells nobody when it changes.

import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 50;

/**
 * Asks again until `look` says true; what it says otherwise is told when the time is over.
 * @returns the milliseconds that it took
 */
export async function until(what: string, limitMs: number, look: () => Promise<true | string>): Promise<number> {
  const beginMs = Date.now();
  for (;;) {
    const seen = await look();
    const tookMs = Date.now() - beginMs;
    if (seen === true) return tookMs;
    if (tookMs > limitMs) throw new Error(`not within ${limitMs} ms: ${what}; ${seen}`);
    await sleep(pollMs);
  }
}
