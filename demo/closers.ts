// What is to be undone when the demo ends, by itself or by Ctrl-C: last opened, first closed, each once.

import { MirrordError } from '../src/errors.ts';

export class Closers {
  readonly #open: (() => Promise<void>)[] = [];
  #closing: Promise<void> | undefined;

  /** Takes on the duty to close; at once when everything is being closed already, and then goes no further. */
  async add(close: () => Promise<void>): Promise<void> {
    this.#open.push(close);
    if (this.#closing !== undefined) await this.#closeOpen();
    await this.goOn();
  }

  /** Never resolves once everything is being closed: whoever awaits it has come to the end. */
  goOn(): Promise<void> {
    return this.#closing === undefined ? Promise.resolve() : new Promise(() => {});
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeOpen();
    return this.#closing;
  }

  // One that fails must not keep the others from being closed.
  async #closeOpen(): Promise<void> {
    for (let close = this.#open.pop(); close !== undefined; close = this.#open.pop()) {
      await close().catch((error: unknown) =>
        console.error(`demo: ${error instanceof MirrordError ? error.format() : error}`),
      );
    }
  }
}
