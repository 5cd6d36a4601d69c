// Whole files in one go: readFileSync with an encoding is one call of the binding, and so is readFile from
// Node 26 on. Here both are one round trip, when the file is not above the prefetch size.

import { getBinding } from '../bindings.ts';
import { codeOf, systemError } from '../errors.ts';
import { callLocally, type FilesContext, notFound, replace } from './context.ts';
import { maxReadBytes } from './handles.ts';
import { accessOf, closeRemote, descriptorFor, openRequest } from './open.ts';
import { type RemotePath, route } from './paths.ts';
import { isRegularFile } from './stat.ts';

export function replaceReadWhole(context: FilesContext): void {
  /** readFileUtf8(path or fd, flags): synchronous only. */
  replace(
    'readFileUtf8',
    (original) =>
      function (...args) {
        const [subject, flags] = args;
        if (typeof subject === 'number') {
          const file = context.descriptors.get(subject);
          if (file?.kind !== 'handle') return original.apply(this, args);
          return Buffer.concat([...readToEnd(context, file.handle)]).toString();
        }
        const way = route(context.policy, subject, accessOf(flags as number));
        if (way.to === 'local') return callLocally(original, this, way.path, args);
        if (way.to === 'notFound') return notFound(undefined, { syscall: 'open', path: way.path });
        return readPath(context, way.path, flags).toString();
      },
  );

  replaceReadFileJob(context);
}

function readPath(context: FilesContext, path: RemotePath, flags: unknown): Buffer {
  const { handle, data, whole } = open(context, path, flags);
  if (whole) return data;
  try {
    return Buffer.concat([...readToEnd(context, handle)]);
  } finally {
    closeRemote(context, handle, true);
  }
}

function open(context: FilesContext, path: RemotePath, flags: unknown) {
  try {
    return context.session.sync.call('openFile', openRequest(context, path, flags, 0));
  } catch (error) {
    throw systemError(codeOf(error, 'EIO'), 'open', path.shown);
  }
}

function* readToEnd({ session }: FilesContext, handle: number): Generator<Buffer, void> {
  for (;;) {
    let data: Buffer;
    try {
      ({ data } = session.sync.call('readFile', { handle, length: maxReadBytes, position: -1n }));
    } catch (error) {
      throw systemError(codeOf(error, 'EIO'), 'read');
    }
    if (data.length === 0) return;
    yield data;
  }
}

/** What Node 26's job object has for us: `ondone(error, buffer, fd, size, closeError)`. */
interface ReadFileJob {
  ondone(error: unknown, buffer?: Buffer, fd?: number, size?: number, closeError?: unknown): void;
}

/**
 * Node 26 and later: `new ReadFileJob(path, flags, length).run(path)`. The flags stay inside the job, so
 * the path alone decides: a whole file is read, and `r` is what all but nobody passes.
 */
function replaceReadFileJob(context: FilesContext): void {
  const prototype = getBinding('fs').ReadFileJob?.prototype;
  const original = prototype?.run;
  if (prototype === undefined || original === undefined) return;
  prototype.run = function (...args) {
    const job = this as ReadFileJob;
    const way = route(context.policy, args[0], 'read');
    // A mapped path cannot be put into a job that is made already; it is opened and read on from there.
    if (way.to === 'local') return original.apply(this, args);
    if (way.to === 'notFound') return systemError('ENOENT', 'open', way.path);
    context.session.async.call('openFile', openRequest(context, way.path, 0, 0), (error, reply) => {
      if (reply === undefined) job.ondone(systemError(codeOf(error, 'EIO'), 'open', way.path.shown));
      else if (reply.whole) job.ondone(null, Buffer.from(reply.data), -1, reply.data.length);
      else {
        const size = isRegularFile(reply.stat) ? Number(reply.stat.size) : 0;
        let fd: number;
        try {
          fd = descriptorFor(context, reply);
        } catch (failure) {
          job.ondone(failure);
          return;
        }
        job.ondone(null, undefined, fd, size);
      }
    });
    return undefined;
  };
}
