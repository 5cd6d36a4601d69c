// What filters see of a request.

import type { FilteredRequest } from '../../src/protocol/http-filter/compile.ts';
import type { RequestHead } from './http1/head.ts';

export function filteredRequest({ method, target, lines }: RequestHead, body: Buffer | undefined): FilteredRequest {
  return { method, path: pathOf(target), headers: lines, body };
}

/** A proxy's request line has a whole URL; filters are about its path. */
function pathOf(target: string): string {
  return target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '') || '/';
}

/** Whether the kubelet asks: it says so by its user agent, for HTTP and gRPC (pkg/probe of Kubernetes). */
export function isProbe({ headers }: FilteredRequest): boolean {
  return headers.some((line) => probe.test(line));
}

const probe = /^user-agent:[\t ]*kube-probe\//i;
