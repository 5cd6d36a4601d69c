// What every layer has to know of the addresses that a program connects to and listens on.

import type { IncomingSettings } from './layer-settings.ts';

/** As the messages have it; the policy itself knows no messages. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** 127.0.0.0/8 and ::1, also as an IPv4-mapped address. */
export function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.') || host.toLowerCase().startsWith('::ffff:127.');
}

/** Where a connect goes to loopback: there, or to the unspecified address, which Linux takes for it. */
export function leadsToLoopback(host: string): boolean {
  return isLoopback(host) || host === '0.0.0.0' || /^::(?:ffff:0\.0\.0\.0)?$/i.test(host);
}

/** The address on which the proxy reaches what is bound here. */
export function reachable(host: string): string {
  return host === '::' || host === '0.0.0.0' || host === '' ? '127.0.0.1' : host;
}

/** The pod's port whose requests a program gets that asked for this one, or undefined where it listens here only. */
export function podPort(settings: IncomingSettings, { host, port: asked }: Address): number | undefined {
  if (asked === 0 || settings.mode === 'off' || settings.ignorePorts.includes(asked)) return undefined;
  if (settings.ignoreLocalhost && isLoopback(host)) return undefined;
  const [, port = asked] = settings.portMapping.find(([local]) => local === asked) ?? [];
  return settings.ports === undefined || settings.ports.includes(port) ? port : undefined;
}
