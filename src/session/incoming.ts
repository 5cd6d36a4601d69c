// What a session asks of the agent for the ports that its programs listen on, and how the terminal says it.

import type { SessionConfig } from '../config/session-config.ts';
import type { WantedOfPorts } from '../proxy/incoming.ts';
import { type Share, shareText } from './fleet.ts';

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

export function incomingSentence({ feature, target }: SessionConfig, share: Share): string {
  if (target?.kind === 'targetless')
    return "Without a target: names and connections are the cluster's, all else is local.";
  const { mode, httpFilter } = feature.network.incoming;
  if (mode === 'off') return 'Requests to the pod stay with the pod; --steal brings them here.';
  const { joined, all } = share;
  const part = joined < all ? `, about ${joined}/${all} of the requests; --replicas all takes all` : '';
  const from = all === 1 ? '' : ` (${shareText(share)}${part})`;
  const which = httpFilter.filter === undefined ? 'Requests' : 'Requests that match the HTTP filter,';
  const how = mode === 'mirror' ? ' as copies; --steal lets it answer them' : '';
  return `${which} to the ports that the program listens on come here${how}${from}.`;
}
