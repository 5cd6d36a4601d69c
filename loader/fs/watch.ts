// watch and watchFile: the agent is asked at intervals what is there, since a ConfigMap or a rotated token
// changes by a symlink that inotify on this machine cannot see. Node's own watchers do the rest.

import fs from 'node:fs';
import type { ReplyOf, Stat } from '../../src/protocol/schema.ts';
import { type BindingFunction, getBinding, type Handle } from '../bindings.ts';
import { codeOf, errnoOf } from '../errors.ts';
import type { FilesContext } from './context.ts';
import { type During, noteDuring } from './during.ts';
import { inEncoding } from './operations.ts';
import { type RemotePath, route } from './paths.ts';
import { statArray } from './stat.ts';

/** A changed ConfigMap is told within two seconds, with a round trip to spare. */
const watchIntervalMs = 1_000;

/** What `watchFile` is told when there is no file: all zeros. */
const noStat: Stat = {
  ...{ dev: 0n, mode: 0n, nlink: 0n, uid: 0n, gid: 0n, rdev: 0n, blksize: 0n, ino: 0n, size: 0n, blocks: 0n },
  ...{ atimeNs: 0n, mtimeNs: 0n, ctimeNs: 0n, birthtimeNs: 0n },
};

export function replaceWatch(context: FilesContext): void {
  const asked = noteDuring(
    'watchFile',
    [fs],
    ([, options]) => (options as fs.WatchFileOptions | null)?.bigint === true,
  );
  replaceStart(context, getBinding('fs').StatWatcher.prototype, statWatcherStart(asked));
  replaceStart(context, getBinding('fs_event_wrap').FSEvent.prototype, startWatcher);
}

type Start = (context: FilesContext, handle: Handle, path: RemotePath, args: readonly unknown[]) => number;

function replaceStart(context: FilesContext, prototype: Record<string, BindingFunction>, start: Start): void {
  const original = prototype.start as BindingFunction;
  prototype.start = function (...args) {
    const way = route(context.policy, args[0], 'read');
    return way.to === 'remote' ? start(context, this as Handle, way.path, args) : original.apply(this, args);
  };
}

/** StatWatcher.start(path, interval): calls `onchange(status, numbers)`, the new stat and the one before. */
const statWatcherStart =
  (asked: During<boolean>): Start =>
  ({ session }, handle, path, [, interval]) => {
    let before: Stat | undefined;
    const bigint = asked.now === true;
    poll(handle, interval as number, () => {
      session.async.call('stat', { path: path.bytes, follow: true }, (error, reply) => {
        const now = reply?.stat ?? noStat;
        // As libuv does: the first look is told only when there is nothing to see.
        if (before === undefined ? error !== undefined : !sameFile(before, now)) {
          const old = before ?? noStat;
          const stats = bigint
            ? BigInt64Array.from([...statArray(now, true), ...statArray(old, true)], BigInt)
            : Float64Array.from([...statArray(now, false), ...statArray(old, false)], Number);
          const status = error === undefined ? 0 : errnoOf(codeOf(error, 'EIO'));
          (handle.onchange as (status: number, stats: unknown) => void)(status, stats);
        }
        before = now;
      });
    });
    return 0;
  };

/** FSEvent.start(path, persistent, recursive, encoding): calls `onchange(status, event, name)`. */
const startWatcher: Start = ({ session }, handle, path, [, persistent, , encoding]) => {
  let before: ReplyOf<'inspect'>;
  try {
    before = session.sync.call('inspect', { path: path.bytes });
  } catch (error) {
    return errnoOf(codeOf(error, 'EIO'));
  }
  const tell = (event: 'rename' | 'change', name: Buffer) =>
    (handle.onchange as (status: number, event: string, name: unknown) => void)(0, event, inEncoding(name, encoding));
  Object.defineProperty(handle, 'initialized', { value: true, configurable: true });
  poll(handle, watchIntervalMs, () => {
    session.async.call('inspect', { path: path.bytes }, (error, now) => {
      if (error !== undefined && codeOf(error, 'EIO') !== 'ENOENT') return; // the link's trouble, not the file's
      const after = now ?? { folder: before.folder, entries: [] };
      for (const [event, name] of changes(before, after)) tell(event, name);
      before = after;
    });
  });
  if (persistent === false) (handle.unref as () => void)();
  return 0;
};

type Change = readonly [event: 'rename' | 'change', name: Buffer];

/** What happened to the entries between two looks; a file is the only entry of its own list. */
function changes(before: ReplyOf<'inspect'>, after: ReplyOf<'inspect'>): Change[] {
  const old = new Map(before.entries.map((entry) => [entry.name.toString('latin1'), entry]));
  const found: Change[] = [];
  for (const { name, ino, size, mtimeNs } of after.entries) {
    const key = name.toString('latin1');
    const known = old.get(key);
    old.delete(key);
    if (known?.ino !== ino) found.push(['rename', name]);
    else if (known.size !== size || known.mtimeNs !== mtimeNs) found.push(['change', name]);
  }
  for (const { name } of old.values()) found.push(['rename', name]);
  return found;
}

/** Looks now and at intervals, until the handle is closed. The timer keeps the process as the handle would. */
function poll(handle: Handle, intervalMs: number, look: () => void): void {
  const timer = setInterval(look, intervalMs);
  const close = handle.close;
  handle.ref = () => void timer.ref();
  handle.unref = () => void timer.unref();
  handle.close = (callback) => {
    clearInterval(timer);
    close.call(handle, callback);
  };
  look();
}

function sameFile(a: Stat, b: Stat): boolean {
  return (
    a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.mode === b.mode
  );
}
