// Where a path of a call leads: the kernel's own business, the pod, another file of this machine, or nowhere.

import { isUtf8 } from 'node:buffer';
import { posix } from 'node:path';
import type { PathPolicy } from '../../src/policy/paths.ts';
import { type Call, Errno } from '../call.ts';
import { identify } from './descriptors.ts';
import { folderPath } from './folder.ts';

/**
 * `kernel`: the call goes on as the program made it. That is for this machine's files only, where a program that
 * changes the path meanwhile gets another file of this machine. `here`: this path, which is not the one asked for.
 */
export type Route =
  | { readonly to: 'kernel' }
  | { readonly to: 'here'; readonly path: Buffer }
  | { readonly to: 'pod'; readonly path: Buffer };

/** AT_FDCWD of fcntl.h: relative to the working directory. */
export const workingDirectory = -100;

const slash = Buffer.from('/');

/**
 * @param folder the descriptor to which a relative path is relative
 * @throws Errno ENOENT for what the session hides
 */
export function route(call: Call, folder: number, asked: Buffer, access: 'read' | 'write'): Route {
  const { policy } = call.program;
  if (asked.length === 0) return { to: 'kernel' };
  if (asked[0] === slash[0] || folder === workingDirectory) return decide(policy, asked, access);
  const base = identify(call.thread, folder);
  switch (base.kind) {
    case 'folder': {
      const path = Buffer.concat([folderPath(call, folder, base.bytes), slash, asked]);
      const way = decide(policy, path, access);
      return way.to === 'kernel' ? { to: 'here', path } : way; // the kernel knows nothing of the pod's folder
    }
    case 'local':
      return decide(policy, Buffer.concat([base.path, slash, asked]), access);
    case 'file':
      throw new Errno('ENOTDIR');
    default:
      return { to: 'kernel' };
  }
}

function decide(policy: PathPolicy, path: Buffer, access: 'read' | 'write'): Route {
  // latin1 keeps each byte of a name that is not UTF-8, there and back.
  const encoding = isUtf8(path) ? 'utf8' : 'latin1';
  const text = path.toString(encoding);
  const decision = policy(text, access);
  switch (decision.where) {
    case 'notFound':
      throw new Errno('ENOENT');
    case 'remote':
      return { to: 'pod', path: Buffer.from(decision.path, encoding) };
    case 'local': {
      const use = backFromPod(policy, decision.path);
      return use === text ? { to: 'kernel' } : { to: 'here', path: Buffer.from(use, encoding) };
    }
  }
}

/** `/config/..` is this machine's, though the kernel could not get there by way of the pod's folder. */
function backFromPod(policy: PathPolicy, text: string): string {
  const back = text.indexOf('/..');
  return back > 0 && policy(text.slice(0, back), 'read').where === 'remote' ? posix.normalize(text) : text;
}
