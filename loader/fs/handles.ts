// The table of fs entry points that take a descriptor: reading and fstat of one that stands for a file of
// the pod. (A local copy is read by Node itself.)

import type { Stat } from '../../src/protocol/schema.ts';
import { getBinding } from '../bindings.ts';
import type { Session } from '../session.ts';
import { complete, type Operation } from './complete.ts';
import type { RemoteFile, RemoteHandle } from './descriptors.ts';
import { Filling } from './filling.ts';
import { define } from './operations.ts';
import { statArray } from './stat.ts';

export interface HandleOperation {
  readonly requestAt: number;
  /** @returns a remote call, or the way to the result here, or undefined where Node's own function is right */
  readonly operation: (file: RemoteFile, args: readonly unknown[]) => Operation | Work | (() => unknown) | undefined;
}

/** What takes as many remote calls as it needs, in its synchronous and its asynchronous form. */
export interface Work {
  readonly now: (session: Session) => unknown;
  readonly later: (session: Session) => Promise<unknown>;
}

/** One message carries this much at most; the agent's limit. */
const maxPartBytes = 1024 * 1024;

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
  const start = positionOf(position);
  const filling = new Filling(targets);
  return inParts(wanted, (from, length) =>
    define({
      message: 'readFile',
      request: { handle, length, position: start < 0n ? start : start + BigInt(from) },
      syscall: 'read',
      result({ data }) {
        filling.add(data);
        return data.length;
      },
    }),
  );
}

/**
 * A read or write in parts that fit into messages, one after the other: all of it, as a file's read(2) and write(2) do,
 * for programs that do not look at the count. A short part is the last one, and so is one that fails after others.
 */
export function inParts(total: number, partOf: (from: number, length: number) => Operation): Operation | Work {
  if (total <= maxPartBytes) return partOf(0, total);
  const lengthAt = (from: number) => Math.min(total - from, maxPartBytes);
  return {
    now(session) {
      for (let done = 0; ; ) {
        const length = lengthAt(done);
        try {
          const count = complete(session, undefined, partOf(done, length)) as number;
          done += count;
          if (count < length || done === total) return done;
        } catch (error) {
          if (done === 0) throw error;
          return done;
        }
      }
    },
    async later(session) {
      const { kUsePromises } = getBinding('fs');
      for (let done = 0; ; ) {
        const length = lengthAt(done);
        try {
          const count = (await complete(session, kUsePromises, partOf(done, length))) as number;
          done += count;
          if (count < length || done === total) return done;
        } catch (error) {
          if (done === 0) throw error;
          return done;
        }
      }
    },
  };
}

/** The binding's position: a number or bigint, or -1 (null in readv) for the descriptor's own. */
export function positionOf(position: unknown): bigint {
  return typeof position === 'number' || typeof position === 'bigint' ? BigInt(position) : -1n;
}

export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
