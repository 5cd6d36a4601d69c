// What a session asks of the agent for the ports that its programs listen on, and how the terminal says it.

import type { SessionConfig } from '../config/session-config.ts';
import type { WantedOfPorts } from '../proxy/incoming.ts';

export function wantedOfPorts({ feature, agent }: SessionConfig): WantedOfPorts {
  const { mode, httpFilter, probes, onConcurrentSteal } = feature.network.incoming;
  return {
    mode: mode === 'off' ? 'mirror' : mode, // off: no layer asks for a port
    filter: httpFilter.filter === undefined ? '' : JSON.stringify(httpFilter.filter),
    filteredPorts: httpFilter.ports,
    onConcurrent: onConcurrentSteal,
    probes,
    flush: agent.flushConnections,
    detectionMs: agent.httpDetectionTimeoutMs,
    maxBodyBytes: agent.maxBodyBufferBytes,
    maxBodyMs: agent.maxBodyBufferMs,
  };
}

/** @param share `3 of 3 pods`, or empty */
export function incomingSentence({ feature, target }: SessionConfig, share: string): string {
  if (target?.kind === 'targetless')
    return "Without a target: names and connections are the cluster's, all else is local.";
  const { mode, httpFilter } = feature.network.incoming;
  if (mode === 'off') return 'Requests to the pod stay with the pod; --steal brings them here.';
  const [joined = 1, all = 1] = share.split(' of ').map((text) => Number.parseInt(text, 10));
  const part = joined < all ? `, about ${joined}/${all} of the requests; --replicas all takes all` : '';
  const from = share === '' ? '' : ` (${share}${part})`;
  const which = httpFilter.filter === undefined ? 'Requests' : 'Requests that match the HTTP filter,';
  const how = mode === 'mirror' ? ' as copies; --steal lets it answer them' : '';
  return `${which} to the ports that the program listens on come here${how}${from}.`;
}
