// Files that native programs write to without asking: the program's descriptor is a connection to the proxy, and
// what stdio or a static child writes to it goes into the file of the pod, one after the other.

import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Links } from './links.ts';

/** One write takes this much at most. */
const maxWriteBytes = 1024 * 1024;

/** A unix socket's buffer is empty by then (208 KiB, read by 64 KiB): a program that never stops writing holds up nobody. */
const maxTurns = 8;

export class StreamedFiles {
  #links: Links;
  #report: (line: string) => void;
  #open = new Set<Socket>();
  #writing = new Set<Promise<void>>();

  /** @param report says what no program can be told: its write(2) has long succeeded */
  constructor(links: Links, report: (line: string) => void) {
    this.#links = links;
    this.#report = report;
  }

  /** Writes what comes on a connection, from now on. @returns settles when its last bytes are written; never rejects */
  stream(socket: Socket, handle: number): Promise<void> {
    return new Promise((done) => {
      let written = Promise.resolve();
      this.#open.add(socket);
      socket.on('data', (chunk: Buffer) => {
        socket.pause();
        const writing = this.#write(handle, chunk).then(
          () => void socket.resume(),
          (error: Error) => {
            this.#report(`Writing to a file of the pod failed: ${error.message}.`);
            socket.destroy();
          },
        );
        written = writing;
        this.#writing.add(writing);
        void writing.finally(() => this.#writing.delete(writing));
      });
      socket.once('close', () => {
        void written.then(() => {
          this.#open.delete(socket);
          done();
        });
      });
    });
  }

  /** What was written before a call is written before that call is answered, whichever program makes it. */
  get pending(): Promise<void> | undefined {
    return this.#open.size === 0 ? undefined : this.#emptied();
  }

  /** A write that has returned is in the kernel's buffer of its connection: reading until nothing comes finds it. */
  async #emptied(): Promise<void> {
    for (let turn = 0; turn < maxTurns; turn++) {
      await Promise.all(this.#writing);
      await pollPhase();
      if (this.#writing.size === 0) return;
    }
  }

  async #write(handle: number, chunk: Buffer): Promise<void> {
    for (let rest = chunk; rest.length > 0; ) {
      const data = rest.subarray(0, maxWriteBytes);
      const { written } = await this.#links.main.request('writeFile', { handle, position: -1n, data });
      rest = rest.subarray(written);
    }
  }
}

/** One whole turn of the event loop: what was there to be read before it has been read after it. */
async function pollPhase(): Promise<void> {
  await setImmediate(); // the rest of the turn that runs
  await setImmediate();
}
