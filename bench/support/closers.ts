// What the bench has started and has to end: last started, first ended, each once, also on Ctrl-C.

export class Closers {
  #open: (() => Promise<void> | void)[] = [];

  add(close: () => Promise<void> | void): void {
    this.#open.push(close);
  }

  /** May be called twice. One that fails does not keep the others from being closed. */
  async close(): Promise<void> {
    for (let close = this.#open.pop(); close !== undefined; close = this.#open.pop()) {
      try {
        await close();
      } catch (error) {
        console.error('bench:', error instanceof Error ? error.message : error);
      }
    }
  }
}
