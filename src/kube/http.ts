// The HTTP under client-node's API classes: one kept-alive connection for a session's calls (client-node
// makes a new one, with its TLS handshake, for each) and a time limit for every call.

import * as http from 'node:http';
import * as https from 'node:https';
import { type RequestContext, ResponseContext, wrapHttpLibrary } from '@kubernetes/client-node';

/** No call to the API server may take longer. */
export const apiTimeoutMs = 10_000;

/** Idle connections are closed after this, well before what is between here and the server forgets them. */
const idleMs = 5_000;

/** An HTTP library for client-node's `createConfiguration`, with its own connections. */
export function keptAliveHttp(): ReturnType<typeof wrapHttpLibrary> {
  let agent: http.Agent | undefined;
  return wrapHttpLibrary({
    async send(request) {
      agent ??= keepAlive(request.getAgent());
      try {
        return await exchange(request, agent);
      } catch (error) {
        // The server may close an idle connection just as a call goes out on it (Node's docs, reusedSocket).
        if (error instanceof StaleConnection) return await exchange(request, agent);
        throw error;
      }
    },
  });
}

class StaleConnection extends Error {}

/** client-node's agent has the certificates; a proxy's agent stays as it is. */
function keepAlive(agent: http.Agent | https.Agent | undefined): http.Agent | undefined {
  if (agent?.constructor === https.Agent) {
    return new https.Agent({ ...(agent as https.Agent).options, keepAlive: true, timeout: idleMs });
  }
  if (agent?.constructor === http.Agent) return new http.Agent({ keepAlive: true, timeout: idleMs });
  return agent;
}

function exchange(request: RequestContext, agent: http.Agent | undefined): Promise<ResponseContext> {
  const url = request.getUrl();
  // Of the calls that we make, none has a body other than JSON text.
  const body = request.getBody();
  const text = typeof body === 'string' ? body : undefined;
  const client = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const outgoing = client.request(url, {
      method: request.getHttpMethod(),
      headers: {
        ...request.getHeaders(),
        // Node leaves it out of a DELETE, whose body the server would then take for no body.
        ...(text === undefined ? {} : { 'content-length': Buffer.byteLength(text) }),
      },
      ...(agent === undefined ? {} : { agent }),
    });
    const limit = setTimeout(() => outgoing.destroy(timeout(url)), apiTimeoutMs);
    outgoing.on('close', () => clearTimeout(limit));
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      reject(outgoing.reusedSocket && error.code === 'ECONNRESET' ? new StaleConnection() : error);
    });
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => resolve(response(incoming, Buffer.concat(chunks))));
    });
    outgoing.end(text);
  });
}

function response(incoming: http.IncomingMessage, body: Buffer): ResponseContext {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = String(value);
  }
  return new ResponseContext(incoming.statusCode ?? 0, headers, {
    text: async () => body.toString('utf8'),
    binary: async () => body,
  });
}

function timeout(url: string): Error {
  const error: NodeJS.ErrnoException = new Error(`no answer from ${new URL(url).host} in ${apiTimeoutMs / 1000} s`);
  error.code = 'ETIMEDOUT';
  return error;
}
