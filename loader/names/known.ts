// What addresses were looked up for: a connect is given an address, and filters go by names too.

import type { Side } from '../../src/policy/network.ts';

export interface KnownName {
  readonly name: string;
  /** Who resolved it. */
  readonly side: Side;
}

/** The last ones of a program that looks up new names all the time. */
const rememberedAddresses = 4096;

export class KnownNames {
  #names = new Map<string, KnownName>();

  remember(name: string, side: Side, addresses: readonly string[]): void {
    for (const address of addresses) {
      this.#names.delete(address); // so that it counts as new
      this.#names.set(address, { name, side });
    }
    for (const oldest of this.#names.keys()) {
      if (this.#names.size <= rememberedAddresses) break;
      this.#names.delete(oldest);
    }
  }

  /** @returns the name that resolved to an address last */
  of(address: string): KnownName | undefined {
    return this.#names.get(address);
  }
}
