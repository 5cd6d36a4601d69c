// Whole files in one go: readFileSync with an encoding is one call of the binding, and so is readFile from
// Node 26 on. Here both are one round trip, when the file is not above the prefetch size.

import fs from 'node:fs';
import type { ReplyOf } from '../../src/protocol/schema.ts';
import { getBinding } from '../bindings.ts';
import { codeOf, systemError } from '../errors.ts';
import { callLocally, type FilesContext, notFound, replace } from './context.ts';
import { bothForms, noteDuring } from './during.ts';
import { closeRemote, descriptorFor, openRequest } from './open.ts';
import { accessOf, type RemotePath, route } from './paths.ts';
import type { Reader } from './reader.ts';
import { isDirectory, isRegularFile } from './stat.ts';

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
          return Buffer.concat([...restOf(subject, file.reader)]).toString();
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
  const opened = open(context, path, flags);
  if (opened.whole) return opened.data;
  const fd = descriptorFor(context, opened, flags as number);
  try {
    const file = context.descriptors.get(fd);
    return Buffer.concat([...restOf(fd, file?.kind === 'handle' ? file.reader : undefined)]);
  } finally {
    fs.closeSync(fd);
  }
}

function open(context: FilesContext, path: RemotePath, flags: unknown) {
  try {
    return context.session.sync.call('openFile', openRequest(context, path, flags, 0o666));
  } catch (error) {
    throw systemError(codeOf(error, 'EIO'), 'open', path.shown);
  }
}

/** All from the descriptor's position to the file's end. */
function* restOf(fd: number, reader: Reader | undefined): Generator<Buffer, void> {
  if (reader !== undefined) {
    yield* reader.restSync();
    return;
  }
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    const count = fs.readSync(fd, chunk);
    if (count === 0) return;
    yield chunk.subarray(0, count);
  }
}

/** What Node 26's job object has for us: `ondone(error, buffer, fd, size, closeError)`. */
interface ReadFileJob {
  ondone(error: unknown, buffer?: Buffer, fd?: number, size?: number, closeError?: unknown): void;
}

/**
 * Node 26 and later: `new ReadFileJob(path, flags, length).run(path)`. The flags stay inside the job, so they are
 * taken from the public call, which runs the job before it returns.
 */
function replaceReadFileJob(context: FilesContext): void {
  const prototype = getBinding('fs').ReadFileJob?.prototype;
  const original = prototype?.run;
  if (prototype === undefined || original === undefined) return;
  const asked = noteDuring('readFile', bothForms, ([, options]) => flagsOf(options));
  prototype.run = function (...args) {
    const job = this as ReadFileJob;
    const flags = asked.now ?? fs.constants.O_RDONLY;
    const way = route(context.policy, args[0], accessOf(flags));
    // A mapped path cannot be put into a job that is made already; it is opened and read on from there.
    if (way.to === 'local') return original.apply(this, args);
    if (way.to === 'notFound') return systemError('ENOENT', 'open', way.path);
    context.session.async.call('openFile', openRequest(context, way.path, flags, 0o666), (error, reply) => {
      if (reply === undefined) job.ondone(systemError(codeOf(error, 'EIO'), 'open', way.path.shown));
      else if (isDirectory(reply.stat)) job.ondone(refused(context, reply, way.path));
      else if (reply.whole) job.ondone(null, Buffer.from(reply.data), -1, reply.data.length);
      else {
        const size = isRegularFile(reply.stat) ? Number(reply.stat.size) : 0;
        let fd: number;
        try {
          fd = descriptorFor(context, reply, flags);
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

/** Node's job opens and reads in one, so the error of reading a folder names the path. */
function refused(context: FilesContext, { handle }: ReplyOf<'openFile'>, path: RemotePath): Error {
  closeRemote(context, { kind: 'handle', handle, reader: undefined, access: 'read' }, false);
  return systemError('EISDIR', 'read', path.shown);
}

const flagNumbers: Readonly<Record<string, number>> = {
  r: fs.constants.O_RDONLY,
  w: fs.constants.O_CREAT | fs.constants.O_TRUNC | fs.constants.O_WRONLY,
  a: fs.constants.O_CREAT | fs.constants.O_APPEND | fs.constants.O_WRONLY,
};

/** The number of `options.flag`: `r`, `w` or `a`, with `+`, `x` (exclusive) and `s` (synchronous) in any order. */
function flagsOf(options: unknown): number | undefined {
  const flag = (options as { flag?: unknown } | null | undefined)?.flag;
  if (typeof flag !== 'string') return typeof flag === 'number' ? flag : undefined;
  const { O_RDWR, O_WRONLY, O_EXCL, O_SYNC } = fs.constants;
  const letter = /[rwa]/.exec(flag)?.[0] ?? 'r';
  const number = flagNumbers[letter] ?? 0;
  const access = flag.includes('+') ? (number & ~O_WRONLY) | O_RDWR : number;
  return access | (flag.includes('x') ? O_EXCL : 0) | (flag.includes('s') ? O_SYNC : 0);
}
