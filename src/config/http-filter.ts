// The HTTP filter of `feature.network.incoming.http_filter` and its variables, as one condition. What cannot be a
// filter is refused here: a filter that is overlooked would take everybody's requests.

import { MirrordError } from '../errors.ts';
import type { HttpFilter } from '../protocol/http-filter/filter.ts';
import { givenVariable } from './given.ts';
import type { FileSettings } from './schema.ts';

type HttpFilterSettings = NonNullable<
  NonNullable<NonNullable<NonNullable<FileSettings['feature']>['network']>['incoming']>['http_filter']
>;

export interface ResolvedHttpFilter {
  /** Undefined: everything that comes to a port. */
  readonly filter: HttpFilter | undefined;
  /** The only ports of the pod that the filter is for; undefined is all of them. */
  readonly ports: readonly number[] | undefined;
}

/** @throws MirrordError `CONFIG_INVALID` for two kinds of filter at once, and for ports without a filter */
export function resolveHttpFilter(env: NodeJS.ProcessEnv, file: HttpFilterSettings): ResolvedHttpFilter {
  const header = givenVariable(env, 'MIRRORD_HTTP_HEADER_FILTER')?.value ?? file.header_filter;
  const path = givenVariable(env, 'MIRRORD_HTTP_PATH_FILTER')?.value ?? file.path_filter;
  const method = givenVariable(env, 'MIRRORD_HTTP_METHOD_FILTER')?.value ?? file.method_filter;
  const kinds: [name: string, filter: HttpFilter][] = [];
  if (header !== undefined) kinds.push(['header_filter', { kind: 'header', pattern: header }]);
  if (path !== undefined) kinds.push(['path_filter', { kind: 'path', pattern: path }]);
  if (method !== undefined) kinds.push(['method_filter', { kind: 'method', method }]);
  if (file.body_filter !== undefined) kinds.push(['body_filter', condition(file.body_filter)]);
  if (file.all_of !== undefined) kinds.push(['all_of', { kind: 'all', of: file.all_of.map(condition) }]);
  if (file.any_of !== undefined) kinds.push(['any_of', { kind: 'any', of: file.any_of.map(condition) }]);
  const ports = portsOf(env) ?? file.ports;
  const [first, second] = kinds;
  if (first !== undefined && second !== undefined) throw twoKinds(first[0], second[0]);
  if (first === undefined && ports !== undefined) throw portsAlone();
  return { filter: first?.[1], ports };
}

type Condition = NonNullable<HttpFilterSettings['all_of']>[number];

function condition(item: Condition): HttpFilter {
  if ('header' in item) return { kind: 'header', pattern: item.header };
  if ('path' in item) return { kind: 'path', pattern: item.path };
  if ('method' in item) return { kind: 'method', method: item.method };
  return { kind: 'body', query: item.query, pattern: item.matches };
}

/** Separated by commas or semicolons. */
function portsOf(env: NodeJS.ProcessEnv): number[] | undefined {
  const setting = givenVariable(env, 'MIRRORD_HTTP_FILTER_PORTS');
  const ports = setting?.value.split(/[,;]/).map(Number);
  if (ports?.every((port) => Number.isInteger(port) && port > 0 && port < 65536) === false) {
    throw new MirrordError('CONFIG_INVALID', `${setting?.source} must be port numbers, not "${setting?.value}".`, {
      help: 'Write them like this: 8080,9090.',
    });
  }
  return ports;
}

function twoKinds(one: string, other: string): MirrordError {
  return new MirrordError('CONFIG_INVALID', `Both "${one}" and "${other}" are set in http_filter; one can be.`, {
    help: 'Put them into "all_of" or "any_of", as { "header": … }, { "path": … }, { "method": … } and so on.',
  });
}

function portsAlone(): MirrordError {
  return new MirrordError('CONFIG_INVALID', 'http_filter has "ports" and no filter for them.', {
    help: 'feature.network.incoming.ports says which ports to have; http_filter says which requests.',
  });
}
