// Ctrl-C while a session starts: stops the start, so that what it made is removed before we end.

import { constants } from 'node:os';
import { report } from './report.ts';

const stopping = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** @returns a signal that aborts on Ctrl-C, and `stop`, to be called when the start is over */
export function startSignal(): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController();
  const listeners = stopping.map((name) => {
    const listener = () => {
      report('Stopping; the agent is being removed.');
      process.exitCode = 128 + constants.signals[name];
      controller.abort(new StartStopped());
    };
    process.on(name, listener);
    return [name, listener] as const;
  });
  return {
    signal: controller.signal,
    stop() {
      for (const [name, listener] of listeners) process.off(name, listener);
    },
  };
}

/** The developer stopped the start: nothing to say, and `process.exitCode` is set. */
export class StartStopped extends Error {
  override readonly name = 'StartStopped';
}
