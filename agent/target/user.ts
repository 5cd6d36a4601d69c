// The user that the target runs as: the agent's file calls are made with its ids, groups, capabilities and umask, so
// that they may what the target may, and what they make is the target's.

import { readFileSync } from 'node:fs';
import type { Addon } from '../addon.ts';
import { log, reasonOf } from '../log.ts';

export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** A bit for each capability that is in effect (capabilities(7)). */
  readonly capabilities: bigint;
  readonly umask: number;
}

/** The user of a process, before its root is entered: /proc is this node's then. */
export function readUser(pid: number): User {
  return parseUser(readFileSync(`/proc/${pid}/status`, 'latin1'));
}

/** @param status content of /proc/PID/status, see proc_pid_status(5) */
export function parseUser(status: string): User {
  const values = (name: string) => {
    const line = new RegExp(`^${name}:(.*)$`, 'm').exec(status)?.[1] ?? '';
    return line.split(/\s+/).filter((part) => part !== '');
  };
  const [, uid] = values('Uid'); // real, effective, saved, file system
  const [, gid] = values('Gid');
  const [capabilities = '0'] = values('CapEff');
  const [umask = '22'] = values('Umask');
  return {
    uid: Number(uid),
    gid: Number(gid),
    groups: values('Groups').map(Number),
    capabilities: BigInt(`0x${capabilities}`),
    umask: Number.parseInt(umask, 8),
  };
}

/**
 * Every file call from now on is made as this user. Where the agent may not change its ids (an unprivileged user
 * namespace, a Job without the capability), they stay root's, and the log says so.
 */
export async function becomeUser(addon: Addon, user: User): Promise<void> {
  const { uid, gid, groups, capabilities, umask } = user;
  process.umask(umask);
  try {
    await addon.becomeUser(uid, gid, groups, capabilities, Number(process.env.UV_THREADPOOL_SIZE));
    addon.becomeFileUser();
    log('files', { uid, gid });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    log('files', { uid: process.getuid?.(), reason: reasonOf(error) });
  }
}
