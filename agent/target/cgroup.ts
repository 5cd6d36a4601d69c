// Which container a process belongs to, read from its /proc/PID/cgroup. The forms that container
// runtimes write as the last part of the path, with a 64-digit id:
//
//   ID                         cgroupfs driver: /kubepods/burstable/podUID/ID, /docker/ID
//   cri-containerd-ID.scope    systemd driver, containerd
//   crio-ID.scope              systemd driver, CRI-O;  docker-ID.scope, libpod-ID.scope likewise
//   …slice:cri-containerd:ID   systemd's path given to the cgroupfs driver
//
// A container may have groups of its own below that part (systemd as its first process makes some), and a
// process seen from another cgroup namespace has a path that starts with /../.. .

/**
 * Whether a process is the container's.
 * @param cgroup content of /proc/PID/cgroup, v1 (a line per hierarchy) or v2 (one line, `0::PATH`)
 * @param id the container's 64-digit id, without the runtime's name
 */
export function isInContainer(cgroup: string, id: string): boolean {
  if (!cgroup.includes(id)) return false; // nearly every process, so the rest is off the hot path
  return cgroup.split('\n').some((line) =>
    pathOf(line)
      .split('/')
      .some((part) => isContainer(part, id)),
  );
}

/** `hierarchy:controllers:path`; a path may hold colons, controllers do not. */
function pathOf(line: string): string {
  return line.split(':').slice(2).join(':');
}

function isContainer(part: string, id: string): boolean {
  const name = part.endsWith('.scope') ? part.slice(0, -'.scope'.length) : part;
  if (!name.endsWith(id)) return false;
  const prefix = name.slice(0, -id.length);
  // CRI-O's conmon watches over the container from a group next to it, and is older than its first process.
  if (prefix.endsWith('conmon-')) return false;
  return prefix === '' || prefix.endsWith('-') || prefix.endsWith(':');
}

/**
 * When a process started, in clock ticks since boot: field 22 of /proc/PID/stat (proc(5)), and its state,
 * field 3. Field 2 is the program's name in parentheses and may itself hold spaces and parentheses.
 */
export function parseStat(stat: string): { readonly state: string; readonly startTicks: bigint } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', startTicks: BigInt(fields[19] ?? '0') };
}
