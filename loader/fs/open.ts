// open and close: a file of the pod becomes a descriptor of this process, and is given back with it.

import fs from 'node:fs';
import type { ReplyOf } from '../../src/protocol/schema.ts';
import { type BindingFunction, getBinding } from '../bindings.ts';
import { codeOf, systemError } from '../errors.ts';
import { complete } from './complete.ts';
import { callLocally, type FilesContext, notFound, replace } from './context.ts';
import type { RemoteFile } from './descriptors.ts';
import { noteChange } from './generation.ts';
import { define } from './operations.ts';
import { accessOf, type RemotePath, route } from './paths.ts';

const binding = getBinding('fs');

export function replaceOpen(context: FilesContext): void {
  /** open(path, flags, mode, req) */
  replaceOpening(context, 'open', (_original, path, [, flags, mode, request]) =>
    complete(
      context.session,
      request,
      define({
        message: 'openFile',
        request: openRequest(context, path, flags, mode),
        syscall: 'open',
        path: path.shown,
        result: (reply) => descriptorFor(context, reply, flags as number),
      }),
    ),
  );

  /** openFileHandle(path, flags, mode, kUsePromises): fs.promises only, so always a promise. */
  replaceOpening(context, 'openFileHandle', (original, path, [, flags, mode]) =>
    openHandle(context, original, path, flags, mode),
  );

  /** close(fd, req) */
  replace(
    'close',
    (original) =>
      function (...args) {
        const [fd, request] = args;
        const file = context.descriptors.remove(fd);
        if (file !== undefined) closeRemote(context, file, request === undefined);
        return original.apply(this, args);
      },
  );

  // A FileHandle closes its descriptor by itself.
  const { prototype } = binding.FileHandle;
  for (const name of ['close', 'closeSync', 'releaseFD']) {
    const original = prototype[name];
    if (original === undefined) continue;
    prototype[name] = function (...args) {
      const file = context.descriptors.remove((this as { readonly fd: number }).fd);
      if (file !== undefined) closeRemote(context, file, false);
      return original.apply(this, args);
    };
  }
}

/** Both take (path, flags, mode, req) and go the same three ways; the pod's is `openRemote`. */
function replaceOpening(
  context: FilesContext,
  name: 'open' | 'openFileHandle',
  openRemote: (original: BindingFunction, path: RemotePath, args: readonly unknown[]) => unknown,
): void {
  replace(
    name,
    (original) =>
      function (...args) {
        const [path, flags, , request] = args;
        const way = route(context.policy, path, accessOf(flags as number));
        if (way.to === 'local') return callLocally(original, this, way.path, args);
        if (way.to === 'notFound') return notFound(request, { syscall: 'open', path: way.path });
        return openRemote(original, way.path, args);
      },
  );
}

/** Makes the descriptor of an opened file of the pod, and remembers what it stands for. */
export function descriptorFor(context: FilesContext, opened: ReplyOf<'openFile'>, flags: number): number {
  const { fd, file } = materialize(context, opened, flags);
  context.descriptors.add(fd, file);
  return fd;
}

export function openRequest({ session }: FilesContext, path: RemotePath, flags: unknown, mode: unknown) {
  if (accessOf(flags as number) === 'write') noteChange(); // it may truncate
  return {
    path: path.bytes,
    flags: flags as number,
    mode: mode as number,
    prefetchBytes: session.settings.prefetchBytes,
  };
}

/** Gives a handle back; a failure to do so is the session's end, which tells by itself. */
export function closeRemote({ session }: FilesContext, file: RemoteFile, isSync: boolean): void {
  if (file.kind === 'copy' || file.handle === 0) return;
  const { handle, reader } = file;
  if (!isSync) {
    session.async.call('closeFile', { handle }, () => {});
  } else if (reader !== undefined) {
    session.sync.tell('closeFile', { handle }); // nothing of it can fail in a way that matters
  } else {
    try {
      session.sync.call('closeFile', { handle });
    } catch {
      // The descriptor is closed whatever happens, as close(2) has it.
    }
  }
}

function materialize(
  context: FilesContext,
  opened: ReplyOf<'openFile'>,
  flags: number,
): { fd: number; file: RemoteFile } {
  try {
    return context.descriptors.materialize(opened, flags);
  } catch (error) {
    closeRemote(context, { kind: 'handle', handle: opened.handle, reader: undefined, access: 'read' }, false);
    throw error;
  }
}

async function openHandle(
  context: FilesContext,
  original: BindingFunction,
  path: RemotePath,
  flags: unknown,
  mode: unknown,
): Promise<unknown> {
  let opened: ReplyOf<'openFile'>;
  try {
    opened = await context.session.async.ask('openFile', openRequest(context, path, flags, mode));
  } catch (error) {
    throw systemError(codeOf(error, 'EIO'), 'open', path.shown);
  }
  const { fd, file } = materialize(context, opened, flags as number);
  try {
    // Opened once more through /proc, since only Node's own call makes a FileHandle.
    const handle = await original.call(binding, `/proc/self/fd/${fd}`, fs.constants.O_RDONLY, 0, binding.kUsePromises);
    context.descriptors.add((handle as { readonly fd: number }).fd, file);
    return handle;
  } finally {
    fs.closeSync(fd);
  }
}
