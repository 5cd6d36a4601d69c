// Which descriptors of the process stand for files of the pod, in memory that all its threads have: a descriptor, or a
// FileHandle, can be handed from one to another. Where it stands in the file is in there too, as it is with the
// descriptor in the pod.

import type { setEnvironmentData } from 'node:worker_threads';

const threads = require('node:worker_threads') as typeof import('node:worker_threads');

/** worker_threads' setEnvironmentData passes it on to every thread below. */
const key = 'mirrord.descriptors';

/** Higher numbers are a thread's own; Linux gives the lowest that is free. */
export const sharedCount = 16_384;

/** `reader`: a regular file that is open for reading only. */
const kinds = ['none', 'copy', 'reader', 'read', 'write'] as const;
export type SharedKind = (typeof kinds)[number];

export interface Position {
  value: number;
}

export class SharedDescriptors {
  #positions: Float64Array;
  #handles: Uint32Array;
  #kinds: Uint8Array;

  constructor() {
    const inherited = threads.isMainThread ? undefined : threads.getEnvironmentData(key);
    // Pages of zeros, which take no memory before they are used.
    const bytes = (inherited as unknown as SharedArrayBuffer | undefined) ?? new SharedArrayBuffer(13 * sharedCount);
    threads.setEnvironmentData(key, bytes as unknown as Parameters<typeof setEnvironmentData>[1]);
    this.#positions = new Float64Array(bytes, 0, sharedCount);
    this.#handles = new Uint32Array(bytes, 8 * sharedCount, sharedCount);
    this.#kinds = new Uint8Array(bytes, 12 * sharedCount, sharedCount);
  }

  kindOf(fd: number): SharedKind {
    return kinds[this.#kinds[fd] ?? 0] ?? 'none';
  }

  /** The agent's number for the file; 0 for a local copy. */
  handleOf(fd: number): number {
    return this.#handles[fd] ?? 0;
  }

  set(fd: number, kind: SharedKind, handle: number): void {
    this.#positions[fd] = 0;
    this.#handles[fd] = handle;
    this.#kinds[fd] = kinds.indexOf(kind);
  }

  delete(fd: number): void {
    this.#kinds[fd] = 0;
    this.#handles[fd] = 0;
  }

  /** Where the descriptor stands. */
  positionOf(fd: number): Position {
    if (fd >= sharedCount) return { value: 0 };
    const positions = this.#positions;
    return {
      get value() {
        return positions[fd] ?? 0;
      },
      set value(at) {
        positions[fd] = at;
      },
    };
  }
}
