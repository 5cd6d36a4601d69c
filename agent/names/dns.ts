// Asks the target's name servers about one whole name, as glibc's resolver does: every server in turn, so
// many rounds. c-ares (Node's dns.Resolver) does the sockets, on the main thread and so in the target's
// network; each question has a resolver of its own, since a longer-lived one would keep answers.

import { Resolver } from 'node:dns/promises';
import type { ResolverConfig } from './resolv-conf.ts';

/** What came of a name: its addresses; or it has none (of this family, if the name exists); or nobody could say (ask again later); or never will. */
export type Answer =
  | { readonly kind: 'found'; readonly addresses: readonly string[] }
  | { readonly kind: 'none'; readonly exists: boolean }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly wasReached: boolean }
  | { readonly kind: 'failed'; readonly reason: string };

/** Asks one server once. Rejects with a code of c-ares, as Node's dns does. */
export type Ask = (server: string, name: string, family: 4 | 6, timeoutMs: number) => Promise<string[]>;

export const askServer: Ask = (server, name, family, timeoutMs) => {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
  resolver.setServers([server]);
  return family === 4 ? resolver.resolve4(name) : resolver.resolve6(name);
};

/** The addresses of one family. */
export async function resolveFamily(name: string, family: 4 | 6, config: ResolverConfig, ask: Ask): Promise<Answer> {
  let last: Answer = { kind: 'unavailable', reason: 'no server', wasReached: false };
  for (let round = 0; round < config.attempts; round++) {
    for (const server of config.servers) {
      last = await askOnce(server, name, family, roundTimeoutMs(config, round), ask);
      if (last.kind !== 'unavailable') return last;
    }
  }
  return last;
}

/** The time doubles with every round and is shared by the servers then (glibc's res_send.c). */
function roundTimeoutMs({ timeoutMs, servers }: ResolverConfig, round: number): number {
  const total = timeoutMs * 2 ** round;
  return Math.max(1000, round > 0 ? Math.floor(total / servers.length) : total);
}

async function askOnce(server: string, name: string, family: 4 | 6, timeoutMs: number, ask: Ask): Promise<Answer> {
  try {
    const addresses = await ask(server, name, family, timeoutMs);
    return addresses.length > 0 ? { kind: 'found', addresses } : { kind: 'none', exists: true };
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    const reason = `${code} from ${server} for ${name}`;
    if (noAddress.has(code)) return { kind: 'none', exists: code === 'ENODATA' };
    if (nextServer.has(code))
      return { kind: 'unavailable', reason, wasReached: code !== 'ETIMEOUT' && code !== 'ECONNREFUSED' };
    return { kind: 'failed', reason };
  }
}

/** The server knows: no such name, or none of this type; or it is no name at all, so nobody would know it. */
const noAddress = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME', 'EBADQUERY']);
/** This server cannot say, another might. */
const nextServer = new Set(['ESERVFAIL', 'ENOTIMP', 'EREFUSED', 'ETIMEOUT', 'ECONNREFUSED', 'EBADRESP', 'EFORMERR']);
