// The links of a session: one to each pod whose requests it takes. Files, names and outgoing connections go by
// the first; when that is gone, by the next one.

import { RemoteError } from '../protocol/failure.ts';
import type { Link } from '../protocol/link.ts';

export class Links {
  #links: Link[] = [];
  #onAdded: (link: Link) => void = () => {};

  /** @throws RemoteError `LINK_CLOSED` while there is none */
  get main(): Link {
    const [main] = this.#links;
    if (main === undefined) throw new RemoteError('LINK_CLOSED', 'no pod is connected');
    return main;
  }

  get all(): readonly Link[] {
    return this.#links;
  }

  /** In the turn that made the link, so that nothing comes before it is served. */
  add(link: Link): void {
    this.#links.push(link);
    this.#onAdded(link);
  }

  remove(link: Link): void {
    this.#links = this.#links.filter((other) => other !== link);
  }

  /** Called for each link, those that are there already included. */
  set onAdded(onAdded: (link: Link) => void) {
    this.#onAdded = onAdded;
    for (const link of this.#links) onAdded(link);
  }
}
