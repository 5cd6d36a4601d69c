// Where a read puts its bytes: the buffers that the program gave, of which there can be several (readv).

/** Buffers that are filled one after the other, with what the file has from `at` on. */
export class Filling {
  /** Where in the file the next byte is. */
  at: number;
  left: number;
  #start: number;
  #targets: readonly Uint8Array[];
  #target = 0;
  #filled = 0;

  constructor(targets: readonly Uint8Array[], at = 0) {
    this.#targets = targets;
    this.#start = at;
    this.at = at;
    this.left = targets.reduce((sum, { length }) => sum + length, 0);
  }

  get count(): number {
    return this.at - this.#start;
  }

  /** Takes as much as there is room for. */
  add(data: Uint8Array): void {
    for (let rest = data.subarray(0, this.left); rest.length > 0; ) {
      const target = this.#targets[this.#target] as Uint8Array; // there is one while something is left
      const part = rest.subarray(0, target.length - this.#filled);
      target.set(part, this.#filled);
      this.#filled += part.length;
      this.at += part.length;
      this.left -= part.length;
      rest = rest.subarray(part.length);
      if (this.#filled < target.length) continue;
      this.#target++;
      this.#filled = 0;
    }
  }
}
