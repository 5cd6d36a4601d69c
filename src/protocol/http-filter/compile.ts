// A filter as a function of a request. The developer's side compiles it to refuse a wrong one at the start,
// the agent to apply it.

import { compile as compileQuery } from 'json-p3';
import type { HttpFilter } from './filter.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import { isTimeout, withinTime } from './within-time.ts';

/** What a filter looks at. */
export interface FilteredRequest {
  readonly method: string;
  /** The path and query, without scheme and authority. */
  readonly path: string;
  /** `Name: value` each, as they came. */
  readonly headers: readonly string[];
  /** Undefined: not there, not yet or not to be had. */
  readonly body?: Buffer | undefined;
}

export interface CompiledFilter {
  /** @throws FilterTooSlowError */
  readonly matches: (request: FilteredRequest) => boolean;
  /** A condition on the body is part of it. */
  readonly readsBody: boolean;
}

/** The time in which a filter has to come to a decision about a request. */
const limitMs = 50;

/** A filter's patterns took too long on a request: somebody has sent it for that, or they are badly chosen. */
export class FilterTooSlowError extends Error {
  override readonly message = `the filter took longer than ${limitMs} ms on a request`;
}

type Condition = CompiledFilter & { readonly isUnbounded: boolean };

/** @throws Error with what is wrong with it */
export function compileFilter(filter: HttpFilter): CompiledFilter {
  const { matches, isUnbounded, readsBody } = compile(filter);
  if (!isUnbounded) return { matches, readsBody };
  return {
    readsBody,
    matches(request) {
      try {
        return withinTime(limitMs, () => matches(request));
      } catch (error) {
        throw isTimeout(error) ? new FilterTooSlowError() : error;
      }
    },
  };
}

function compile(filter: HttpFilter): Condition {
  switch (filter.kind) {
    case 'header': {
      const pattern = compilePattern(filter.pattern);
      return simple(pattern, ({ headers }) => headers.some((line) => pattern.test(line)));
    }
    case 'path': {
      const pattern = compilePattern(filter.pattern);
      return simple(pattern, ({ path }) => pattern.test(withoutQuery(path)) || pattern.test(path));
    }
    case 'method': {
      const method = filter.method.toUpperCase();
      return { isUnbounded: false, readsBody: false, matches: (request) => request.method.toUpperCase() === method };
    }
    case 'body':
      return compileBody(filter.query, compilePattern(filter.pattern));
    case 'all':
    case 'any':
      return combine(filter.kind, filter.of.map(compile));
  }
}

function simple({ isUnbounded }: Pattern, matches: Condition['matches']): Condition {
  return { isUnbounded, readsBody: false, matches };
}

/** A query can run for long on a body that is made for it, whatever the pattern. */
function compileBody(querySource: string, pattern: Pattern): Condition {
  const query = compileQuery(querySource);
  return {
    isUnbounded: true,
    readsBody: true,
    matches: ({ body }) => {
      const value = parseJson(body);
      return value !== undefined && find(query, value).some((found) => pattern.test(asText(found)));
    },
  };
}

function combine(kind: 'all' | 'any', conditions: readonly Condition[]): Condition {
  if (conditions.length === 0) throw new Error('a list of conditions is empty');
  return {
    isUnbounded: conditions.some(({ isUnbounded }) => isUnbounded),
    readsBody: conditions.some(({ readsBody }) => readsBody),
    matches: (request) =>
      kind === 'all'
        ? conditions.every(({ matches }) => matches(request))
        : conditions.some(({ matches }) => matches(request)),
  };
}

type Json = Parameters<ReturnType<typeof compileQuery>['query']>[0];

/** What a query finds; nothing where the body is nested deeper than it may go. */
function find(query: ReturnType<typeof compileQuery>, value: Json): readonly unknown[] {
  try {
    return query.query(value).values();
  } catch {
    return []; // (A time limit passes by every `catch`.)
  }
}

function parseJson(body: Buffer | undefined): Json | undefined {
  if (body === undefined || body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString('utf8')) as Json;
  } catch {
    return undefined;
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function withoutQuery(path: string): string {
  const at = path.indexOf('?');
  return at === -1 ? path : path.slice(0, at);
}
