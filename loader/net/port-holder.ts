// Who holds a port of this machine, for the line beside an EADDRINUSE: Linux tells by /proc.

import fs from 'node:fs';

/** TCP_LISTEN in the state column of /proc/net/tcp (proc_net_tcp(5)). */
const listening = '0A';

/** @returns `pid 4242 (node server.js)`, or undefined where nobody says (another user's process) */
export function holderOf(port: number): string | undefined {
  try {
    const inode = inodeOf(port);
    return inode === undefined ? undefined : processWith(`socket:[${inode}]`);
  } catch {
    return undefined;
  }
}

function inodeOf(port: number): string | undefined {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    if (!fs.existsSync(table)) continue;
    for (const line of fs.readFileSync(table, 'utf8').split('\n')) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === listening && local?.endsWith(`:${wanted}`)) return inode;
    }
  }
  return undefined;
}

function processWith(socket: string): string | undefined {
  for (const pid of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(pid) || !holds(pid, socket)) continue;
    const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return `pid ${pid} (${command.slice(0, 80)})`;
  }
  return undefined;
}

function holds(pid: string, socket: string): boolean {
  try {
    return fs.readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === socket);
  } catch {
    return false; // not ours to look at, or gone
  }
}

function linkOf(file: string): string | undefined {
  try {
    return fs.readlinkSync(file);
  } catch {
    return undefined;
  }
}
