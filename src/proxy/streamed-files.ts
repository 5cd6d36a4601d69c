// Files that native programs write to without asking: the program's descriptor is a connection to the proxy, and
// what stdio or a static child writes to it goes into the file of the pod, one after the other.

import type { Socket } from 'node:net';
import type { Links } from './links.ts';

/** One write takes this much at most. */
const maxWriteBytes = 1024 * 1024;

export class StreamedFiles {
  #links: Links;
  #report: (line: string) => void;
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
      socket.once('close', () => void written.then(done));
    });
  }

  /** What was written before a call is written before that call is answered, whichever program makes it. */
  get pending(): Promise<unknown> | undefined {
    return this.#writing.size === 0 ? undefined : Promise.all(this.#writing);
  }

  async #write(handle: number, chunk: Buffer): Promise<void> {
    for (let rest = chunk; rest.length > 0; ) {
      const data = rest.subarray(0, maxWriteBytes);
      const { written } = await this.#links.main.request('writeFile', { handle, position: -1n, data });
      rest = rest.subarray(written);
    }
  }
}
