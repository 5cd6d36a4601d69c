// What os.hostname() and os.networkInterfaces() tell in the session's programs.

import type { SessionConfig } from '../config/session-config.ts';
import type { MachineSettings } from '../policy/layer-settings.ts';
import type { Link } from '../protocol/link.ts';
import { readWhole } from './start-files.ts';

/** Asks the pod for what the configuration wants of it; what it cannot tell stays this machine's. */
export async function podMachine(
  link: Link,
  { hostname, network }: Pick<SessionConfig['feature'], 'hostname' | 'network'>,
): Promise<MachineSettings> {
  const [name, interfaces] = await Promise.all([
    hostname ? hostnameOf(link) : undefined,
    network.interfaces ? link.request('networkInterfaces', {}).then(({ interfaces }) => interfaces) : undefined,
  ]);
  return {
    hostname: name,
    // As the agent's os.networkInterfaces() gave them.
    networkInterfaces:
      interfaces === undefined ? undefined : (JSON.parse(interfaces) as MachineSettings['networkInterfaces']),
  };
}

/** As mirrord: the pod's /etc/hostname, which the kubelet writes into every container. */
async function hostnameOf(link: Link): Promise<string | undefined> {
  const text = await readWhole(link, '/etc/hostname').catch(() => undefined);
  return text?.toString('utf8').trim() || undefined;
}
