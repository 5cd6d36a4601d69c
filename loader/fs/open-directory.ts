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
import { plainPath, type RemotePath, route } from './paths.ts';
import { type WalkedFolder, walkAsync, walkFolders, walkSync } from './recursive.ts';

type Callback = (error: Error | null, folder?: fs.Dir) => void;

/** What Node's Dir asks of its handle; without a request it wants the result at once. */
interface DirHandle {
  read(encoding: unknown, count: number, request?: Request): unknown;
  close(request?: Request): unknown;
}

/** Not in Node's types: the constructor takes the handle. */
const Dir = fs.Dir as unknown as new (handle: DirHandle, path: unknown, options: unknown) => fs.Dir;

type Options = fs.OpenDirOptions | string | null | undefined;

export function replaceOpenDirectory(context: FilesContext): void {
  const { opendir, opendirSync } = fs;
  const { session } = context;

  const sync = (path: fs.PathLike, options?: fs.OpenDirOptions): fs.Dir => {
    const way = wayTo(context, path);
    if (way === undefined) return opendirSync(path, options);
    if (isRecursive(options)) return treeOf(walkSync(context, walkFolders(way, 'opendir', false)), way, options);
    let reply: ReplyOf<'readDirectory'>;
    try {
      reply = session.sync.call('readDirectory', { path: way.bytes });
    } catch (error) {
      throw openError(error); // without the path, as Node has it
    }
    return new Dir(handleOf(reply.entries), way.shown, options);
  };

  const callback = (path: fs.PathLike, options: fs.OpenDirOptions | Callback, done?: Callback): void => {
    const [given, whenDone] = typeof options === 'function' ? [undefined, options] : [options, done];
    const way = wayTo(context, path);
    if (way === undefined || typeof whenDone !== 'function') {
      // All arguments as they came: Node checks them and says what is wrong.
      (opendir as (...args: unknown[]) => void)(path, options, done);
    } else if (isRecursive(given)) {
      // Out of the promise, in which an exception of the program's callback would be a rejection of ours.
      const later = (...results: Parameters<Callback>) => void setImmediate(whenDone, ...results);
      walkAsync(context, walkFolders(way, 'opendir', false)).then(
        (folders) => later(null, treeOf(folders, way, given)),
        (error: Error) => later(error),
      );
    } else {
      session.async.call('readDirectory', { path: way.bytes }, (error, reply) => {
        if (reply === undefined) whenDone(openError(error, way));
        else whenDone(null, new Dir(handleOf(reply.entries), way.shown, given));
      });
    }
  };

  // Three signatures each, which these cover.
  fs.opendirSync = sync as typeof fs.opendirSync;
  fs.opendir = callback as unknown as typeof fs.opendir;
  fs.promises.opendir = promisify(callback) as unknown as typeof fs.promises.opendir;
  syncBuiltinESMExports();
}

/** The pod's path, or undefined where Node's own function is to answer (a local one, or a wrong argument). */
function wayTo({ policy }: FilesContext, path: fs.PathLike): RemotePath | undefined {
  const way = route(policy, plainPath(path), 'read');
  return way.to === 'remote' ? way.path : undefined;
}

function isRecursive(options: Options): options is fs.OpenDirOptions {
  return typeof options === 'object' && options?.recursive === true;
}

function openError(error: unknown, path?: RemotePath): Error {
  return systemError(codeOf(error, 'EIO'), 'opendir', path?.shown);
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

/** A Dir over all that is below: Node's own would look for the folders below on this machine. */
function treeOf(walked: unknown, { shown }: RemotePath, options: fs.OpenDirOptions): fs.Dir {
  const folders = walked as readonly WalkedFolder[]; // what walkFolders returns
  const entries = folders.flatMap(({ entries }) => entries);
  const parents = folders.flatMap(({ relative, entries }) => entries.map(() => relative.toString()));
  return new Tree(handleOf(entries), shown, { ...options, recursive: false }, parents);
}

class Tree extends Dir {
  #parents: readonly string[];
  #next = 0;

  constructor(handle: DirHandle, path: unknown, options: unknown, parents: readonly string[]) {
    super(handle, path, options);
    this.#parents = parents;
  }

  // Both forms of Node's read, with and without a callback.
  override read(...args: [callback?: (error: Error | null, entry: fs.Dirent | null) => void]): never {
    const [callback] = args;
    const read = super.read as (...args: unknown[]) => unknown;
    if (callback === undefined) {
      return (read.call(this) as Promise<fs.Dirent | null>).then((entry) => this.#placed(entry)) as never;
    }
    return read.call(this, (error: Error | null, entry: fs.Dirent | null) => {
      callback(error, this.#placed(entry));
    }) as never;
  }

  override readSync(): fs.Dirent | null {
    return this.#placed(super.readSync());
  }

  override async *[Symbol.asyncIterator](): AsyncGenerator<fs.Dirent, undefined> {
    const all = super[Symbol.asyncIterator].bind(this);
    for await (const entry of all()) yield this.#placed(entry) as fs.Dirent;
    return undefined;
  }

  entries(): AsyncGenerator<fs.Dirent, undefined> {
    return this[Symbol.asyncIterator]();
  }

  /** Entries come in the order of their parents. */
  #placed(entry: fs.Dirent | null): fs.Dirent | null {
    if (entry === null || entry === undefined) return entry;
    const below = this.#parents[this.#next++] ?? '';
    const parent = below === '' ? this.path : `${this.path.replace(/\/$/, '')}/${below}`;
    const places = entry as { parentPath: string; path?: string };
    places.parentPath = parent;
    if (places.path !== undefined) places.path = parent;
    return entry;
  }
}
