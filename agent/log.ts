// The agent's log: one line of JSON per event on stderr, which is what `kubectl logs` shows. Never in it:
// values of variables, contents of files, addresses of clients.

type Detail = string | number | boolean | undefined;

export function log(event: string, details: { readonly [name: string]: Detail } = {}): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...details })}\n`);
}

/** The sentence of any thrown value. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
