// A path argument of the fs binding, and where the policy sends it.

import fs from 'node:fs';
import type { PathDecision, PathPolicy } from '../../src/policy/paths.ts';

/** As the binding gets it: Node has turned URLs into strings and checked for NUL. */
export type PathArgument = string | Uint8Array;

/** The path of the pod to use, or undefined when Node's own function is to do it. */
export interface RemotePath {
  readonly bytes: Buffer;
  /** As the program wrote it, for errors. */
  readonly shown: PathArgument;
}

/** What to do with a call: Node's own function with these arguments, the pod, or an ENOENT. */
export type Route =
  | { readonly to: 'local'; readonly path: PathArgument }
  | { readonly to: 'remote'; readonly path: RemotePath }
  | { readonly to: 'notFound'; readonly path: PathArgument };

const { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND } = fs.constants;

/** What opening with these flags is for. */
export function accessOf(flags: number): 'read' | 'write' {
  return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)) === 0 ? 'read' : 'write';
}

/** A path as a public function gets it: a file: URL as its path; all else as it is. */
export function plainPath(path: unknown): unknown {
  return path instanceof URL && path.protocol === 'file:' ? decodeURIComponent(path.pathname) : path;
}

export function route(policy: PathPolicy, path: unknown, access: 'read' | 'write'): Route {
  if (typeof path !== 'string' && !(path instanceof Uint8Array)) return { to: 'local', path: path as string };
  // latin1 keeps each byte of a name that is not UTF-8, there and back.
  const encoding = typeof path === 'string' ? 'utf8' : 'latin1';
  const text = typeof path === 'string' ? path : Buffer.from(path).toString(encoding);
  const decision: PathDecision = policy(text, access);
  switch (decision.where) {
    case 'remote':
      return { to: 'remote', path: { bytes: Buffer.from(decision.path, encoding), shown: path } };
    case 'notFound':
      return { to: 'notFound', path };
    case 'local':
      return { to: 'local', path: decision.path === text ? path : Buffer.from(decision.path, encoding).toString() };
  }
}
