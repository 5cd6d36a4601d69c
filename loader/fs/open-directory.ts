// opendir: its binding (fs_dir) is not within reach, so the public functions are replaced. Node's own Dir
// does the rest, over a handle that has the pod's entries.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';
import type { ReplyOf } from '../../src/protocol/schema.ts';
import type { Request } from '../bindings.ts';
import { codeOf, systemError } from '../errors.ts';
import { completeHere } from './complete.ts';
import type { FilesContext } from './context.ts';
import { inEncoding } from './operations.ts';
import { type RemotePath, route } from './paths.ts';

type Callback = (error: Error | null, folder?: fs.Dir) => void;

/** What Node's Dir asks of its handle; without a request it wants the result at once. */
interface DirHandle {
  read(encoding: unknown, count: number, request?: Request): unknown;
  close(request?: Request): unknown;
}

/** Not in Node's types: the constructor takes the handle. */
type DirConstructor = new (handle: DirHandle, path: unknown, options: unknown) => fs.Dir;

export function replaceOpenDirectory(context: FilesContext): void {
  const { opendir, opendirSync } = fs;
  const make = (path: unknown, options: unknown, reply: ReplyOf<'readDirectory'>) =>
    new (fs.Dir as unknown as DirConstructor)(handleOf(reply.entries), path, options);

  const sync = (path: fs.PathLike, options?: fs.OpenDirOptions): fs.Dir => {
    const way = wayTo(context, path);
    if (way === undefined) return opendirSync(path, options);
    try {
      return make(path, options, context.session.sync.call('readDirectory', { path: way.bytes }));
    } catch (error) {
      throw openError(error, way);
    }
  };

  const callback = (path: fs.PathLike, options: fs.OpenDirOptions | Callback, done?: Callback): void => {
    const whenDone = typeof options === 'function' ? options : done;
    const way = wayTo(context, path);
    if (way === undefined || typeof whenDone !== 'function') {
      // All arguments as they came: Node checks them and says what is wrong.
      (opendir as (...args: unknown[]) => void)(path, options, done);
      return;
    }
    context.session.async.call('readDirectory', { path: way.bytes }, (error, reply) => {
      if (reply === undefined) whenDone(openError(error, way));
      else whenDone(null, make(path, options, reply));
    });
  };

  // Three signatures each, which these cover.
  fs.opendirSync = sync as typeof fs.opendirSync;
  fs.opendir = callback as unknown as typeof fs.opendir;
  fs.promises.opendir = promisify(callback) as unknown as typeof fs.promises.opendir;
  syncBuiltinESMExports();
}

/** The pod's path, or undefined where Node's own function is to answer (a local one, or a wrong argument). */
function wayTo({ policy }: FilesContext, path: fs.PathLike): RemotePath | undefined {
  const plain = path instanceof URL && path.protocol === 'file:' ? decodeURIComponent(path.pathname) : path;
  const way = route(policy, plain, 'read');
  return way.to === 'remote' ? way.path : undefined;
}

function openError(error: unknown, { shown }: RemotePath): Error {
  return systemError(codeOf(error, 'EIO'), 'opendir', shown);
}

function handleOf(entries: ReplyOf<'readDirectory'>['entries']): DirHandle {
  let next = 0;
  return {
    read: (encoding, count, request) =>
      completeHere(request, () => {
        const some = entries.slice(next, next + count);
        next += some.length;
        return some.length === 0 ? null : some.flatMap(({ name, type }) => [inEncoding(name, encoding), type]);
      }),
    close: (request) => completeHere(request, () => undefined),
  };
}
