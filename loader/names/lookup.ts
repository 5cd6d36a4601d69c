// Names of the loader: dns.lookup and all that uses it (net, http, fetch) resolve in the pod.

import { getBinding, type Request } from '../bindings.ts';
import { codeOf, errnoOf } from '../errors.ts';
import { isIPv6 } from '../net/address.ts';
import type { Session } from '../session.ts';

export function installNames(session: Session): void {
  const binding = getBinding('cares_wrap');
  const { DNS_ORDER_IPV4_FIRST, DNS_ORDER_IPV6_FIRST } = binding;

  /** getaddrinfo(req, hostname, family, hints, order) */
  binding.getaddrinfo = (...args) => {
    const [request, name, family, , order] = args as [Request, string, 0 | 4 | 6, number, number];
    session.async.call('lookup', { name, family }, (error, reply) => {
      if (reply === undefined) {
        request.oncomplete(errnoOf(codeOf(error, 'EAI_AGAIN')));
        return;
      }
      const addresses = [...reply.addresses];
      if (order === DNS_ORDER_IPV4_FIRST) addresses.sort((a, b) => Number(isIPv6(a)) - Number(isIPv6(b)));
      if (order === DNS_ORDER_IPV6_FIRST) addresses.sort((a, b) => Number(isIPv6(b)) - Number(isIPv6(a)));
      request.oncomplete(null, addresses);
    });
    return 0;
  };
}
