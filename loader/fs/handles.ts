// The table of fs entry points that take a descriptor: reading and fstat of one that stands for a file of
// the pod. (A local copy is read by Node itself.)

import type { Stat } from '../../src/protocol/schema.ts';
import type { Operation } from './complete.ts';
import type { RemoteFile, RemoteHandle } from './descriptors.ts';
import { define } from './operations.ts';
import { statArray } from './stat.ts';

export interface HandleOperation {
  readonly requestAt: number;
  /** @returns a remote call, or the way to the result here, or undefined where Node's own function is right */
  readonly operation: (file: RemoteFile, args: readonly unknown[]) => Operation | Work | (() => unknown) | undefined;
}

/** What takes as many remote calls as it needs, in its synchronous and its asynchronous form. */
export interface Work {
  readonly now: () => unknown;
  readonly later: () => Promise<unknown>;
}

/** One read brings this much at most; the agent's limit. Shorter reads than asked for are read(2)'s right. */
const maxReadBytes = 1024 * 1024;

export const handleOperations: Readonly<Record<string, HandleOperation>> = {
  /** read(fd, buffer, offset, length, position, req) */
  read: {
    requestAt: 5,
    operation(file, [, buffer, offset, length, position]) {
      if (file.kind === 'copy') return undefined;
      const target = bytesOf(buffer as ArrayBufferView).subarray(
        offset as number,
        (offset as number) + (length as number),
      );
      return readInto(file, [target], position);
    },
  },
  /** readBuffers(fd, buffers, position, req) */
  readBuffers: {
    requestAt: 3,
    operation(file, [, buffers, position]) {
      if (file.kind === 'copy') return undefined;
      return readInto(file, (buffers as ArrayBufferView[]).map(bytesOf), position);
    },
  },
  /** fstat(fd, bigint, req, shouldNotThrow) */
  fstat: {
    requestAt: 2,
    operation(file, [, bigint]) {
      const stat = file.kind === 'copy' ? file.stat : file.reader?.takeStat();
      if (file.kind === 'copy' || stat !== undefined) return () => statArray(stat as Stat, bigint === true);
      return define({
        message: 'statFile',
        request: { handle: file.handle },
        syscall: 'fstat',
        result: ({ stat }) => statArray(stat, bigint === true),
      });
    },
  },
};

function readInto(
  { handle, reader }: RemoteHandle,
  targets: readonly Uint8Array[],
  position: unknown,
): Operation | Work {
  if (reader !== undefined) {
    const at = Number(positionOf(position));
    return { now: () => reader.readSync(targets, at), later: () => reader.read(targets, at) };
  }
  const wanted = targets.reduce((sum, target) => sum + target.length, 0);
  return define({
    message: 'readFile',
    request: { handle, length: Math.min(wanted, maxReadBytes), position: positionOf(position) },
    syscall: 'read',
    result({ data }) {
      let rest = data;
      for (const target of targets) {
        rest.copy(target);
        rest = rest.subarray(Math.min(target.length, rest.length));
      }
      return data.length;
    },
  });
}

/** The binding's position: a number or bigint, or -1 (null in readv) for the descriptor's own. */
export function positionOf(position: unknown): bigint {
  return typeof position === 'number' || typeof position === 'bigint' ? BigInt(position) : -1n;
}

export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
