// Opens the link to an agent that is there, and says what to do when the two cannot talk.

import { MirrordError } from '../errors.ts';
import { RemoteError } from '../protocol/failure.ts';
import { ownHello, productVersion } from '../protocol/hello.ts';
import { Link } from '../protocol/link.ts';
import type { AgentSite } from './agent-site.ts';

/** Entering the target takes the agent some 100 ms; a busy node needs longer. */
const helloTimeoutMs = 15_000;

/** @throws MirrordError PROTOCOL_MISMATCH, AGENT_FAILED */
export async function openLink(site: AgentSite, signal: AbortSignal): Promise<Link> {
  try {
    return await site.open(async (transport) => {
      const abort = () => transport.destroy(new Error('stopped'));
      signal.addEventListener('abort', abort, { once: true });
      try {
        return await Link.connect(transport, ownHello('proxy'), helloTimeoutMs);
      } finally {
        signal.removeEventListener('abort', abort);
      }
    });
  } catch (error) {
    throw error instanceof MirrordError ? error : asMirrordError(site, error);
  }
}

function asMirrordError(site: AgentSite, error: unknown): MirrordError {
  const { message } = error as Error;
  if (error instanceof RemoteError && error.code === 'PROTOCOL_MISMATCH') {
    return new MirrordError('PROTOCOL_MISMATCH', message, {
      help: `Use the agent image of this version (${productVersion}), or the mirrord package of the agent's version.`,
      cause: error,
    });
  }
  return new MirrordError('AGENT_FAILED', `${site.name} cannot serve: ${message}`, {
    help: site.help,
    cause: error,
  });
}
