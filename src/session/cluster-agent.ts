// placeholder until kube/ is there
import type { SessionConfig } from '../config/session-config.ts';
import type { AgentSite } from './agent-site.ts';
export function agentInCluster(_c: SessionConfig, _r: (line: string) => void, _s: AbortSignal): Promise<AgentSite> {
  throw new Error('soon');
}
