// A session's claim on a port: what it wants of it, and the way to the session's program.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel } from '../../src/protocol/channel.ts';
import { RemoteError } from '../../src/protocol/failure.ts';
import { compileFilter, type FilteredRequest, FilterTooSlowError } from '../../src/protocol/http-filter/compile.ts';
import type { ClaimMode, HttpFilter } from '../../src/protocol/http-filter/filter.ts';
import type { Link } from '../../src/protocol/link.ts';
import type { RequestOf } from '../../src/protocol/schema.ts';
import { log, reasonOf } from '../log.ts';
import { describeHolder } from '../people.ts';
import type { Claim } from './claims.ts';
import type { Redirected } from './redirect.ts';
import { isProbe } from './request.ts';

/** A program closes its port a moment before it is released here: how long a refused connection waits for that. */
const releaseMs = 1_000;

export interface SessionClaim extends Claim<FilteredRequest> {
  readonly link: Link;
  /** The filter has to see the body of requests. */
  readonly readsBody: boolean;
  /** Everything is wanted, without a look at it: no filter, and the kubelet's probes as well. */
  readonly readsAll: boolean;
  /** What a mirror has done. */
  readonly mirrored: { connections: number; dropped: number; waitingBytes: number };
  readonly limits: Pick<RequestOf<'steal'>, 'detectionMs' | 'maxBodyBytes' | 'maxBodyMs'>;
  /** Opens a connection of the claim's port to the program. @throws RemoteError when the program refuses it */
  open(ends: Pick<Redirected, 'client' | 'server'>): Promise<Channel>;
  /** The program has refused a connection: resolves when the claim is released, which tells why, or a moment later. */
  settled(): Promise<'released' | 'refused'>;
  /** A copy could not be kept up. The developer is told of the first. */
  mirrorDropped(): void;
  /** Says something to the developer. */
  tell(text: string): void;
  release(): void;
}

/** @throws RemoteError `EINVAL` for a claim that nobody can fulfil */
export function sessionClaim(request: RequestOf<'steal'>, link: Link): SessionClaim {
  const { port } = request;
  const mode = asMode(request.mode);
  const { signal, ...released } = abortable();
  const tell = (text: string) => {
    link.request('tell', { text }).catch(() => log('not told', { port }));
  };
  const mirrored = { connections: 0, dropped: 0, waitingBytes: 0 };
  return {
    port,
    mode,
    link,
    mirrored,
    limits: request,
    readsAll: request.filter === '' && request.probes,
    ...filterOf(request, tell),
    holder: describeHolder(link, Date.now()),
    async open({ client, server }) {
      const ends = { port, client, server, mirrored: mode === 'mirror' };
      return (await link.openStream('incoming', ends)).channel;
    },
    mirrorDropped() {
      mirrored.dropped += 1;
      if (mirrored.dropped === 1) tell(`Port ${port}: the program does not keep up with the copies; some are dropped.`);
    },
    async settled() {
      if (!signal.aborted) await sleep(releaseMs, undefined, { signal }).catch(() => {});
      return signal.aborted ? 'released' : 'refused';
    },
    tell,
    release() {
      released.abort();
      const { dropped, connections } = mirrored;
      if (dropped > 0) tell(`Port ${port}: ${dropped} of ${connections} mirrored connections were not kept up with.`);
    },
  };
}

/** After this many requests that were too much for it, a filter is not asked any more. */
const maxOverruns = 3;

/**
 * What the claim matches. The kubelet's probes are left to the pod unless the session asks for them.
 */
function filterOf(
  { port, filter, probes }: RequestOf<'steal'>,
  tell: (text: string) => void,
): Pick<SessionClaim, 'filter' | 'readsBody' | 'leaves'> {
  const leaves = probes ? () => false : isProbe;
  if (filter === '') return { filter: undefined, readsBody: false, leaves };
  const { matches, readsBody } = compileFilter(JSON.parse(filter) as HttpFilter);
  let overruns = 0;
  return {
    readsBody,
    leaves,
    filter(request) {
      if (overruns >= maxOverruns) return false;
      try {
        return matches(request);
      } catch (error) {
        if (!(error instanceof FilterTooSlowError)) {
          log('filter failed', { port, reason: reasonOf(error) });
          return false;
        }
        overruns += 1;
        if (overruns === maxOverruns) {
          tell(`Port ${port}: ${error.message} ${maxOverruns} times; it is off, and the pod answers all requests.`);
        }
        return false;
      }
    },
  };
}

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

function asMode(mode: string): ClaimMode {
  if (mode === 'steal' || mode === 'mirror') return mode;
  throw new RemoteError('EINVAL', `"${mode}" is no way to have requests`);
}
