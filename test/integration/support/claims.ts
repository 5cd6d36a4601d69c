// What a session asks of an agent, as the proxy does for a program that listens.

import type { RequestOf } from '../../../src/protocol/schema.ts';

/** All that comes to a port. */
export function everything(port: number, other: Partial<RequestOf<'steal'>> = {}): RequestOf<'steal'> {
  return {
    port,
    mode: 'steal',
    filter: '',
    onConcurrent: 'abort',
    probes: false,
    flush: false,
    detectionMs: 2000,
    maxBodyBytes: 65_535,
    maxBodyMs: 1000,
    ...other,
  };
}
