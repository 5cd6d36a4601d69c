// Names of the loader: dns.lookup and all that uses it (net, http, fetch) resolve in the pod, but for names that
// the session's filters leave on this machine.

import { lookupFlags } from '../../src/protocol/schema.ts';
import { type BindingFunction, getBinding, type Request } from '../bindings.ts';
import { codeOf, errnoOf } from '../errors.ts';
import { isIPv6 } from '../net/address.ts';
import type { Network } from '../net/network.ts';
import type { Session } from '../session.ts';
import type { KnownNames } from './known.ts';

/** What libuv has room for (uv_getaddrinfo). */
const longestName = 255;

export function installNames(session: Session, { policy, known }: Network): void {
  const binding = getBinding('cares_wrap');
  const original = binding.getaddrinfo;
  resolveHere = (name, family, done) => lookupHere(original, name, family, done);

  /** getaddrinfo(req, hostname, family, hints, order) */
  binding.getaddrinfo = (...args) => {
    const [request, name, family, hints, order] = args as [Request, string, 0 | 4 | 6, number, number];
    if (name.length > longestName) return original.apply(binding, args); // is EINVAL at once
    if (policy.resolves(name) === 'local') {
      if (policy.goesByName) rememberAnswer(request, name, known);
      return original.apply(binding, args);
    }
    session.async.call('lookup', { name, family: family | flagsOf(hints) }, (error, reply) => {
      if (reply === undefined) {
        request.oncomplete(errnoOf(codeOf(error, 'EAI_AGAIN')));
        return;
      }
      if (policy.goesByName) known.remember(name, 'remote', reply.addresses);
      request.oncomplete(null, ordered(reply.addresses, order));
    });
    return 0;
  };
}

/**
 * Resolves on this machine, whatever the filters say of the name.
 * @param done gets the first address, or undefined when there is none
 */
export let resolveHere: (name: string, family: 4 | 6, done: (address: string | undefined) => void) => void;

function lookupHere(
  getaddrinfo: BindingFunction,
  name: string,
  family: 4 | 6,
  done: (address: string | undefined) => void,
): void {
  const binding = getBinding('cares_wrap');
  const request = new binding.GetAddrInfoReqWrap();
  request.oncomplete = (error, addresses) => done(error ? undefined : (addresses as string[])[0]);
  const errno = getaddrinfo.call(binding, request, name, family, 0, binding.DNS_ORDER_VERBATIM);
  if (errno !== 0) done(undefined);
}

function rememberAnswer(request: Request, name: string, known: KnownNames): void {
  const complete = request.oncomplete;
  request.oncomplete = (error, addresses) => {
    if (!error) known.remember(name, 'local', addresses as string[]);
    complete.call(request, error, addresses);
  };
}

/** The numbers of the hints are the system's, ours are the protocol's. */
function flagsOf(hints: number): number {
  const { AI_V4MAPPED, AI_ALL, AI_ADDRCONFIG } = getBinding('cares_wrap');
  const flag = (bit: number, ours: number) => ((hints & bit) === 0 ? 0 : ours);
  return (
    flag(AI_V4MAPPED, lookupFlags.v4Mapped) |
    flag(AI_ALL, lookupFlags.all) |
    flag(AI_ADDRCONFIG, lookupFlags.addrConfig)
  );
}

/** One family before the other where the program asks for that; within a family the resolver's order. */
function ordered(addresses: readonly string[], order: number): string[] {
  const { DNS_ORDER_IPV4_FIRST, DNS_ORDER_IPV6_FIRST } = getBinding('cares_wrap');
  const sorted = [...addresses];
  if (order === DNS_ORDER_IPV4_FIRST) sorted.sort((a, b) => Number(isIPv6(a)) - Number(isIPv6(b)));
  if (order === DNS_ORDER_IPV6_FIRST) sorted.sort((a, b) => Number(isIPv6(b)) - Number(isIPv6(a)));
  return sorted;
}
