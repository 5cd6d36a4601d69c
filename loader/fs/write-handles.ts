// The table of fs entry points that change an open file, for descriptors that stand for a file of the pod.

import { systemError } from '../errors.ts';
import type { Operation } from './complete.ts';
import type { RemoteFile } from './descriptors.ts';
import { bytesOf, type HandleOperation, inParts, positionOf, type Work } from './handles.ts';
import { define } from './operations.ts';
import { toId, toNs } from './write-operations.ts';

const nothing = (): undefined => undefined;

export const writeHandleOperations: Readonly<Record<string, HandleOperation>> = {
  /** writeBuffer(fd, buffer, offset, length, position, req, ctx) */
  writeBuffer: {
    requestAt: 5,
    operation: (file, [, buffer, offset, length, position]) =>
      file.kind === 'handle'
        ? write(
            file.handle,
            bytesOf(buffer as ArrayBufferView).subarray(offset as number, end(offset, length)),
            position,
          )
        : undefined,
  },
  /** writeBuffers(fd, chunks, position, req, ctx) */
  writeBuffers: {
    requestAt: 3,
    operation: (file, [, chunks, position]) =>
      file.kind === 'handle'
        ? write(file.handle, Buffer.concat((chunks as ArrayBufferView[]).map(bytesOf)), position)
        : undefined,
  },
  /** writeString(fd, text, position, encoding, req, ctx) */
  writeString: {
    requestAt: 4,
    operation: (file, [, text, position, encoding]) =>
      file.kind === 'handle'
        ? write(file.handle, Buffer.from(text as string, (encoding ?? 'utf8') as BufferEncoding), position)
        : undefined,
  },
  fsync: { requestAt: 1, operation: (file) => sync(file, 'fsync', false) },
  fdatasync: { requestAt: 1, operation: (file) => sync(file, 'fdatasync', true) },
  /** ftruncate(fd, length, req) */
  ftruncate: {
    requestAt: 2,
    operation: (file, [, length]) =>
      file.kind === 'handle'
        ? define({
            message: 'truncateFile',
            request: { handle: file.handle, length: BigInt(length as number) },
            syscall: 'ftruncate',
            result: nothing,
          })
        : undefined,
  },
  /** fchmod(fd, mode, req) */
  fchmod: {
    requestAt: 2,
    operation: (file, [, mode]) =>
      file.kind === 'copy'
        ? refuse('fchmod')
        : define({
            message: 'setFileMode',
            request: { handle: file.handle, mode: mode as number },
            syscall: 'fchmod',
            result: nothing,
          }),
  },
  /** fchown(fd, uid, gid, req) */
  fchown: {
    requestAt: 3,
    operation: (file, [, uid, gid]) =>
      file.kind === 'copy'
        ? refuse('fchown')
        : define({
            message: 'setFileOwner',
            request: { handle: file.handle, uid: toId(uid), gid: toId(gid) },
            syscall: 'fchown',
            result: nothing,
          }),
  },
  /** futimes(fd, atime, mtime, req) */
  futimes: {
    requestAt: 3,
    operation: (file, [, atime, mtime]) =>
      file.kind === 'copy'
        ? refuse('futime')
        : define({
            message: 'setFileTimes',
            request: { handle: file.handle, atimeNs: toNs(atime), mtimeNs: toNs(mtime) },
            syscall: 'futime',
            result: nothing,
          }),
  },
};

function write(handle: number, bytes: Uint8Array, position: unknown): Operation | Work {
  const start = positionOf(position);
  return inParts(bytes.length, (from, length) =>
    define({
      message: 'writeFile',
      request: {
        handle,
        position: start < 0n ? start : start + BigInt(from),
        data: Buffer.from(bytes.subarray(from, from + length)),
      },
      syscall: 'write',
      result: ({ written }) => written,
    }),
  );
}

function sync(file: RemoteFile, syscall: string, dataOnly: boolean): Operation | undefined {
  if (file.kind === 'copy') return undefined;
  return define({ message: 'syncFile', request: { handle: file.handle, dataOnly }, syscall, result: nothing });
}

/** A local copy was opened for reading: a change of it would be lost without a word. */
function refuse(syscall: string): () => never {
  return () => {
    throw systemError('EPERM', syscall);
  };
}

function end(offset: unknown, length: unknown): number {
  return (offset as number) + (length as number);
}
