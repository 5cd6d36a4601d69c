// The target's /etc/hosts (hosts(5)): an address and its names per line. Kubernetes writes the pod's own
// name and the manifest's hostAliases there, and they go before DNS.

import { isIP } from 'node:net';

/**
 * The addresses that a hosts file gives a name, in the order of its lines.
 * @param family 4 or 6; 0 takes both
 * @param multi all lines count, not only the first (host.conf(5))
 */
export function addressesInHosts(content: string, name: string, family: number, multi = true): string[] {
  const wanted = withoutDot(name);
  const found: string[] = [];
  for (const line of content.split('\n')) {
    const [address = '', ...names] = withoutComment(line).trim().split(/\s+/);
    const version = isIP(address);
    if (version === 0 || (family !== 0 && family !== version) || found.includes(address)) continue;
    if (!names.some((alias) => withoutDot(alias) === wanted)) continue;
    found.push(address);
    if (!multi) break;
  }
  return found;
}

/** The names that a hosts file gives an address, the canonical one first. */
export function namesInHosts(content: string, address: string): string[] {
  for (const line of content.split('\n')) {
    const [found, ...names] = withoutComment(line).trim().split(/\s+/);
    if (found === address) return names;
  }
  return [];
}

function withoutComment(line: string): string {
  const start = line.indexOf('#');
  return start < 0 ? line : line.slice(0, start);
}

/** Names compare without case, and a dot at the end only says that the name is whole. */
function withoutDot(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
