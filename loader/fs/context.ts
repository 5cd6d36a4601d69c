// What the files' functions share, and how one of them takes the place of Node's.

import type { PathPolicy } from '../../src/policy/paths.ts';
import { type BindingFunction, getBinding } from '../bindings.ts';
import { systemError } from '../errors.ts';
import type { Session } from '../session.ts';
import { completeHere, type Operation } from './complete.ts';
import type { Descriptors } from './descriptors.ts';
import type { Listings } from './listings.ts';

const binding = getBinding('fs');

export interface FilesContext {
  readonly session: Session;
  readonly policy: PathPolicy;
  readonly descriptors: Descriptors;
  readonly listings: Listings;
}

/** Replaces a function of the fs binding, when this line of Node has it. */
export function replace(name: string, make: (original: BindingFunction) => BindingFunction): void {
  const original = binding[name];
  if (typeof original === 'function') binding[name] = make(original as BindingFunction);
}

/** Node's own function, on the path that the mapping made of the argument at `pathAt`. */
export function callLocally(
  original: BindingFunction,
  self: unknown,
  path: unknown,
  args: unknown[],
  pathAt = 0,
): unknown {
  args[pathAt] = path;
  return original.apply(self, args);
}

/** An ENOENT without asking anybody, in the form that the call wants. */
export function notFound(
  request: unknown,
  { syscall, path, dest, recover }: Pick<Operation, 'syscall' | 'path' | 'dest' | 'recover'>,
): unknown {
  return completeHere(request, () => {
    const instead = recover?.('ENOENT');
    if (instead !== undefined) return instead.result;
    throw systemError('ENOENT', syscall, path, dest);
  });
}
