// Finds the target's first process on this node: of all processes that are in the container's cgroup,
// the one that started first.

import { readdirSync, readFileSync } from 'node:fs';
import { RemoteError } from '../../src/protocol/failure.ts';
import type { TargetSetting } from '../settings.ts';
import { isInContainer, parseStat } from './cgroup.ts';

/** @throws RemoteError `TARGET_NOT_RUNNING` */
export function findTarget(target: Exclude<TargetSetting, { kind: 'none' }>): number {
  if (target.kind === 'process') return target.pid;
  let first: { readonly pid: number; readonly startTicks: bigint } | undefined;
  for (const pid of processes()) {
    const startTicks = startOf(pid, target.id);
    if (startTicks === undefined) continue;
    const isEarlier =
      first === undefined || startTicks < first.startTicks || (startTicks === first.startTicks && pid < first.pid);
    if (isEarlier) first = { pid, startTicks };
  }
  if (first !== undefined) return first.pid;
  throw new RemoteError(
    'TARGET_NOT_RUNNING',
    `No process of container ${target.id.slice(0, 12)} runs on the agent's node: it has ended, or has not started yet.`,
  );
}

function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** When the process started, or undefined for one that is not the container's, or has just ended. */
function startOf(pid: number, containerId: string): bigint | undefined {
  try {
    if (!isInContainer(readFileSync(`/proc/${pid}/cgroup`, 'latin1'), containerId)) return undefined;
    const { state, startTicks } = parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return state === 'Z' ? undefined : startTicks;
  } catch {
    return undefined;
  }
}
