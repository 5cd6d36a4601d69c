// FileHandle as the stream that it is to readableWebStream on Node 20: it pushes what it reads into `onread`, with
// the count in an array that Node shares with its streams.

import { getBinding } from '../bindings.ts';
import type { FilesContext } from './context.ts';

/** What of a binding's FileHandle is of use here. */
interface HandleStream {
  readonly fd: number;
  onread(bytes?: ArrayBuffer): void;
}

const chunkBytes = 64 * 1024;
/** UV_EOF of libuv's uv.h; as errno values it is negative. */
const endOfFile = -4095;

export function replaceHandleStream({ descriptors }: FilesContext): void {
  const fs = getBinding('fs');
  const { prototype } = fs.FileHandle;
  const { readStart, readStop } = prototype;
  if (readStart === undefined || readStop === undefined) return;
  const reading = new Set<unknown>();

  prototype.readStart = function (...args) {
    const stream = this as HandleStream;
    if (descriptors.get(stream.fd)?.kind !== 'handle') return readStart.apply(this, args);
    if (reading.has(this)) return 0;
    reading.add(this);
    void push(stream, () => reading.has(this));
    return 0;
  };
  prototype.readStop = function (...args) {
    return reading.delete(this) ? 0 : readStop.apply(this, args);
  };
}

async function push(stream: HandleStream, isWanted: () => boolean): Promise<void> {
  const { read, kUsePromises } = getBinding('fs');
  const { streamBaseState, kReadBytesOrError } = getBinding('stream_wrap');
  while (isWanted()) {
    const chunk = new Uint8Array(chunkBytes);
    let count: number;
    try {
      count =
        (await (read as (...args: unknown[]) => Promise<number>)(stream.fd, chunk, 0, chunkBytes, -1, kUsePromises)) ||
        endOfFile;
    } catch (error) {
      count = (error as NodeJS.ErrnoException).errno ?? endOfFile;
    }
    streamBaseState[kReadBytesOrError] = count;
    stream.onread(count > 0 ? chunk.buffer.slice(0, count) : undefined);
    if (count < 0) return;
  }
}
