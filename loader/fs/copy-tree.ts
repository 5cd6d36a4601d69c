// cp: from Node 22 on, cpSync works in native code, and from Node 26 on fs.cp of a folder as well. Where a path is
// the pod's, Node's own walk in JavaScript is asked for instead, which makes calls that each go to the right side.

import fs, { type CopyOptions, type CopySyncOptions } from 'node:fs';
import path from 'node:path';
import { type BindingFunction, getBinding } from '../bindings.ts';
import { type FilesContext, replace } from './context.ts';
import { route } from './paths.ts';

const all = (): true => true;

export function replaceCopyTree(context: FilesContext): void {
  const isHere = (from: unknown, to: unknown) =>
    route(context.policy, from, 'read').to === 'local' && route(context.policy, to, 'write').to === 'local';

  const replaceForPod = (name: string, copy: (from: string, to: string, ...args: unknown[]) => void) =>
    replace(
      name,
      (original: BindingFunction) =>
        function (...args) {
          if (isHere(args[0], args[1])) return original.apply(this, args);
          copy(args[0] as string, args[1] as string, ...args.slice(2));
          return undefined;
        },
    );

  /** cpSyncCheckPaths(src, dest, dereference, recursive) */
  replaceForPod('cpSyncCheckPaths', (from, to, dereference, recursive) =>
    checkPaths(from, to, dereference === true, recursive === true),
  );

  /** cpSyncOverrideFile(src, dest, mode, preserveTimestamps) */
  replaceForPod('cpSyncOverrideFile', (from, to, mode, preserveTimestamps) => {
    fs.unlinkSync(to);
    fs.copyFileSync(from, to, mode as number);
    if (preserveTimestamps !== true) return;
    const { atime, mtime } = fs.statSync(from);
    fs.utimesSync(to, atime, mtime);
  });

  /** cpSyncCopyDir(src, dest, force, dereference, errorOnExist, verbatimSymlinks, preserveTimestamps) */
  replaceForPod('cpSyncCopyDir', (from, to, ...flags) => fs.cpSync(from, to, walking(flags) as CopySyncOptions));

  replaceJob(isHere);
}

/** With a filter, Node walks in JavaScript. */
function walking(flags: readonly unknown[]): CopyOptions {
  const [force, dereference, errorOnExist, verbatimSymlinks, preserveTimestamps] = flags as boolean[];
  const options = { force, dereference, errorOnExist, verbatimSymlinks, preserveTimestamps };
  return { ...(options as CopyOptions), recursive: true, filter: all };
}

/** What Node's `new CpDirJob(src, dest, …flags, mode)` is told and asked. */
interface CopyJob {
  ondone(error?: unknown): void;
  run(): void;
}

function replaceJob(isHere: (from: unknown, to: unknown) => boolean): void {
  const binding = getBinding('fs');
  if (binding.CpDirJob === undefined) return;
  binding.CpDirJob = new Proxy(binding.CpDirJob as new (...args: unknown[]) => object, {
    construct(Job, args: unknown[]) {
      const [from, to, force, dereference, ...rest] = args;
      if (isHere(from, to)) return Reflect.construct(Job, args);
      const job: CopyJob = {
        ondone: () => {}, // Node sets it before it runs the job
        run() {
          fs.promises.cp(from as string, to as string, walking([force, dereference, ...rest])).then(
            () => job.ondone(),
            (error: unknown) => job.ondone(error),
          );
        },
      };
      return job;
    },
  });
}

/** The checks of Node's cpSyncCheckPaths (src/node_file.cc), in its order and with its words. */
function checkPaths(from: string, to: string, dereference: boolean, recursive: boolean): void {
  const look = dereference ? fs.statSync : fs.lstatSync;
  const source = look(from, { bigint: true });
  const target = look(to, { bigint: true, throwIfNoEntry: false });
  const isFolder = source.isDirectory();
  if (target !== undefined) {
    if (isSame(source, target)) throw cpError('ERR_FS_CP_EINVAL', `src and dest cannot be the same ${to}`);
    if (isFolder && !target.isDirectory()) {
      throw cpError('ERR_FS_CP_DIR_TO_NON_DIR', `Cannot overwrite non-directory ${to} with directory ${from}`);
    }
    if (!isFolder && target.isDirectory()) {
      throw cpError('ERR_FS_CP_NON_DIR_TO_DIR', `Cannot overwrite directory ${to} with non-directory ${from}`);
    }
  }
  const shown = isFolder && !from.endsWith('/') ? `${from}/` : from;
  if (isFolder && isBelow(source, from, to)) {
    throw cpError('ERR_FS_CP_EINVAL', `Cannot copy ${shown} to a subdirectory of self ${to}`);
  }
  if (isFolder && !recursive) {
    throw cpError('ERR_FS_EISDIR', `Recursive option not enabled, cannot copy a directory: ${shown}`);
  }
  if (source.isSocket()) throw cpError('ERR_FS_CP_SOCKET', `Cannot copy a socket file: ${to}`);
  if (source.isFIFO()) throw cpError('ERR_FS_CP_FIFO_PIPE', `Cannot copy a FIFO pipe: ${to}`);
  if (target === undefined) fs.mkdirSync(path.dirname(to), { recursive: true });
}

function isBelow(source: fs.BigIntStats, from: string, to: string): boolean {
  if (path.resolve(to).startsWith(`${path.resolve(from)}/`)) return true;
  for (let folder = path.dirname(path.resolve(to)); folder !== '/'; folder = path.dirname(folder)) {
    const stat = fs.statSync(folder, { bigint: true, throwIfNoEntry: false });
    if (stat !== undefined && isSame(source, stat)) return true;
  }
  return false;
}

function isSame(a: fs.BigIntStats, b: fs.BigIntStats): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

function cpError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
