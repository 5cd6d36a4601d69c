// The processes of the sandbox as this machine sees them (/proc): who is whose child, and which numbers they
// have in the namespaces further in.

import { readdirSync, readFileSync } from 'node:fs';

export interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  /** The process's number in each pid namespace, from this one inwards; the first one is `pid`. */
  readonly numbers: readonly number[];
}

/** All processes below `ancestor`, parents before their children. */
export function descendants(ancestor: number): SeenProcess[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStatus(name));
  const below = (parent: number): SeenProcess[] =>
    all.filter((each) => each.parent === parent).flatMap((child) => [child, ...below(child.pid)]);
  return below(ancestor);
}

/** proc_pid_status(5); empty when the process has just ended. */
function readStatus(pid: string): SeenProcess[] {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return [];
  }
  const field = (name: string) => status.match(new RegExp(`^${name}:\\s+(.+)$`, 'm'))?.[1] ?? '';
  return [{ pid: Number(pid), parent: Number(field('PPid')), numbers: field('NSpid').split(/\s+/).map(Number) }];
}
