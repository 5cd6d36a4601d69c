// Becomes the target: from here on the main thread's sockets are in the target's network, and the root of
// all threads is the target's, so absolute symlinks, /etc/hosts and /etc/resolv.conf are those of the pod.
// Node's pool threads stay in the agent's network: they do files only (getaddrinfo is never used here).

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { RemoteError } from '../../src/protocol/failure.ts';
import type { Addon } from '../addon.ts';
import { reasonOf } from '../log.ts';
import { parseStat } from './cgroup.ts';
import { becomeUser, readUser } from './user.ts';

export interface Target {
  readonly pid: number;
  /** `NAME=value` each, of the target's first process when the agent came. */
  readonly environment: readonly Buffer[];
  /** Resolves when the target's first process has ended. */
  readonly ended: Promise<void>;
}

/** An agent without a target stays in its own pod, whose variables are nobody's business. */
export const noTarget: Target = { pid: process.pid, environment: [], ended: new Promise(() => {}) };

const checkIntervalMs = 250;

/** @throws RemoteError `AGENT_FAILED` naming the step that the kernel refused */
export async function enterTarget(addon: Addon, pid: number): Promise<Target> {
  const environment = step('reading its environment', () => splitNul(readFileSync(`/proc/${pid}/environ`)));
  const user = step('asking for its user', () => readUser(pid));
  // Kept open: behind chroot there is no /proc of ours any more, but this descriptor still tells.
  const stat = step('watching it', () => openSync(`/proc/${pid}/stat`, 'r'));
  try {
    step('entering its network', () => addon.setNetns(`/proc/${pid}/ns/net`));
    step('entering its root', () => addon.chroot(`/proc/${pid}/root`));
  } catch (error) {
    closeSync(stat);
    throw error;
  }
  await becomeUser(addon, user);
  return { pid, environment, ended: untilEnded(stat) };

  function step<T>(what: string, run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw new RemoteError(
        'AGENT_FAILED',
        `The agent found the target (process ${pid}) but ${what} failed: ${reasonOf(error)}.`,
      );
    }
  }
}

/** Every part of a NUL-separated list that is not empty. */
export function splitNul(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(0, start);
    const end = found < 0 ? bytes.length : found;
    if (end > start) parts.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return parts;
}

function untilEnded(stat: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (isRunning(stat)) return;
      clearInterval(timer);
      closeSync(stat);
      resolve();
    }, checkIntervalMs);
    timer.unref();
  });
}

/** A read answers ESRCH when the process is gone, whoever has its number now. */
function isRunning(stat: number): boolean {
  try {
    const bytes = Buffer.allocUnsafe(1024);
    const length = readSync(stat, bytes, 0, bytes.length, 0);
    return !'ZX'.includes(parseStat(bytes.toString('latin1', 0, length)).state);
  } catch {
    return false;
  }
}
