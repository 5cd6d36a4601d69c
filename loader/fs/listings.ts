// What the last readdirs of the pod listed. Node's recursive readdir asks about each entry again, through
// a function that its module loader uses as well: this tells the two apart, and spares the question.

import { posix } from 'node:path';

/** Folders whose entries are remembered; Node asks about the entries of one before it lists another. */
const rememberedFolders = 16;

export class Listings {
  #types = new Map<string, Map<string, number>>();

  note(folder: string, entries: readonly { readonly name: Buffer; readonly type: number }[]): void {
    this.#types.delete(folder);
    this.#types.set(posix.resolve(folder), new Map(entries.map(({ name, type }) => [name.toString(), type])));
    const [oldest] = this.#types.keys();
    if (this.#types.size > rememberedFolders && oldest !== undefined) this.#types.delete(oldest);
  }

  /** The UV_DIRENT_* type of an entry, once: whoever asks later wants to know what is there then. */
  take(path: string): number | undefined {
    const entries = this.#types.get(posix.dirname(path));
    const name = posix.basename(path);
    const type = entries?.get(name);
    entries?.delete(name);
    return type;
  }
}
