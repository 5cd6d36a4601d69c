// readdir with `recursive`. Up to Node 24 it is Node's own loop over readdir, which asks the module
// loader's internalModuleStat what each entry is; from Node 26 it is one call of the binding.

import type { MessageName, ReplyOf, RequestOf } from '../../src/protocol/schema.ts';
import { codeOf, systemError } from '../errors.ts';
import { completeLater } from './complete.ts';
import { callLocally, type FilesContext, notFound, replace } from './context.ts';
import { inEncoding } from './operations.ts';
import { type RemotePath, route } from './paths.ts';
import { isDirectory } from './stat.ts';

/** UV_DIRENT_* numbers. */
const direntUnknown = 0;
const direntDirectory = 2;
const direntLink = 3;

export function replaceRecursive(context: FilesContext): void {
  replace(
    'internalModuleStat',
    (original) =>
      function (...args) {
        // Only for what a readdir of the pod has just listed: all other callers load modules of this machine.
        const path = args.find((argument) => typeof argument === 'string') as string;
        const type = context.listings.take(path);
        if (type === undefined) return original.apply(this, args);
        if (type !== direntLink && type !== direntUnknown) return type === direntDirectory ? 1 : 0;
        try {
          const { stat } = context.session.sync.call('stat', { path: Buffer.from(path), follow: true });
          return isDirectory(stat) ? 1 : 0;
        } catch {
          return -1;
        }
      },
  );

  replace(
    'readdirRecursive',
    (original) =>
      function (...args) {
        const [path, encoding, withTypes, request] = args;
        const way = route(context.policy, path, 'read');
        if (way.to === 'local') return callLocally(original, this, way.path, args);
        if (way.to === 'notFound') return notFound(request, { syscall: 'scandir', path: way.path });
        const walk = listFolders(way.path, encoding, withTypes === true);
        if (request === undefined) return walkSync(context, walk);
        return completeLater(request, walkAsync(context, walk));
      },
  );
}

/** A remote call that a walk waits for. */
type Ask = { [Name in MessageName]: { readonly message: Name; readonly request: RequestOf<Name> } }[
  | 'readDirectory'
  | 'stat'];
export type Walk = Generator<Ask, unknown, unknown>;

/** The result of readdirRecursive: the entries, folder by folder. */
function* listFolders(start: RemotePath, encoding: unknown, withTypes: boolean): Walk {
  const names: (string | Buffer)[] = [];
  const types: number[] = [];
  const folders: (string | Buffer)[] = [];
  const counts: number[] = [];
  for (const { relative, entries } of (yield* walkFolders(start, 'scandir', true)) as WalkedFolder[]) {
    folders.push(inEncoding(relative, encoding));
    counts.push(entries.length);
    for (const { name, type } of entries) {
      names.push(inEncoding(withTypes ? name : join(relative, name), encoding));
      types.push(type);
    }
  }
  if (!withTypes) return names;
  return [names, Uint8Array.from(types), Uint32Array.from(counts), folders];
}

export interface WalkedFolder {
  /** Below the start, which itself is empty. */
  readonly relative: Buffer;
  readonly entries: ReplyOf<'readDirectory'>['entries'];
}

/**
 * Breadth first, as Node's own.
 * @param followLinks as readdir does, and opendir does not
 * @returns WalkedFolder[]
 */
export function* walkFolders(start: RemotePath, syscall: string, followLinks: boolean): Walk {
  const folders: { path: Buffer; relative: Buffer }[] = [{ path: start.bytes, relative: Buffer.alloc(0) }];
  const walked: WalkedFolder[] = [];
  for (const folder of folders) {
    let reply: ReplyOf<'readDirectory'>;
    try {
      // The answer to what was just asked.
      reply = (yield { message: 'readDirectory', request: { path: folder.path } }) as ReplyOf<'readDirectory'>;
    } catch (error) {
      const path = folder === folders[0] ? start.shown : folder.path;
      throw systemError(codeOf(error, 'EIO'), syscall, path);
    }
    walked.push({ relative: folder.relative, entries: reply.entries });
    for (const { name, type } of reply.entries) {
      const path = join(folder.path, name);
      const isFollowed = type === direntUnknown || (followLinks && type === direntLink);
      if (type === direntDirectory || (isFollowed && (yield* leadsToFolder(path)))) {
        folders.push({ path, relative: join(folder.relative, name) });
      }
    }
  }
  return walked;
}

function* leadsToFolder(path: Buffer): Generator<Ask, boolean, unknown> {
  try {
    const { stat } = (yield { message: 'stat', request: { path, follow: true } }) as ReplyOf<'stat'>;
    return isDirectory(stat);
  } catch {
    return false; // a dangling link
  }
}

export function walkSync({ session }: FilesContext, walk: Walk): unknown {
  let step = walk.next();
  while (!step.done) {
    let reply: unknown;
    try {
      reply = session.sync.call(step.value.message, step.value.request as never);
    } catch (error) {
      step = walk.throw(error);
      continue;
    }
    step = walk.next(reply);
  }
  return step.value;
}

export async function walkAsync({ session }: FilesContext, walk: Walk): Promise<unknown> {
  let step = walk.next();
  while (!step.done) {
    let reply: unknown;
    try {
      reply = await session.async.ask(step.value.message, step.value.request as never);
    } catch (error) {
      step = walk.throw(error);
      continue;
    }
    step = walk.next(reply);
  }
  return step.value;
}

function join(folder: Buffer, name: Buffer): Buffer {
  if (folder.length === 0) return name;
  return Buffer.concat(folder.at(-1) === 47 /* '/' */ ? [folder, name] : [folder, Buffer.from('/'), name]);
}
