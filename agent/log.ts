// The agent's log: one line of JSON per event on stderr, which is what `kubectl logs` shows. Never in it:
// values of variables, contents of files, addresses of clients.

type Detail = string | number | boolean | undefined;

/** Something did not work; all other events are the ordinary life of an agent. */
const warnings = new Set([
  'failed',
  'refused',
  'steal failed',
  'release failed',
  'connection without a destination',
  'target ended',
  'filter failed',
  'original not reached',
  'old connections stay',
  'pod sees the agent as client',
]);

/** MIRRORD_AGENT_LOG, from `agent.log_level`: `error` and `warn` leave the ordinary events out. */
const level = process.env.MIRRORD_AGENT_LOG ?? 'info';

export function log(event: string, details: { readonly [name: string]: Detail } = {}): void {
  if (level === 'off' || ((level === 'error' || level === 'warn') && !warnings.has(event))) return;
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...details })}\n`);
}

/** The sentence of any thrown value. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
