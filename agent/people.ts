// Whose session it is, as the other developers of the pod are told when they want the same port.

import type { Link } from '../src/protocol/link.ts';
import type { RequestOf } from '../src/protocol/schema.ts';

const people = new WeakMap<Link, RequestOf<'introduce'>>();

/** The session says who it belongs to. */
export function introduce(link: Link, person: RequestOf<'introduce'>): void {
  people.set(link, person);
}

/** `anna@laptop since 2026-11-25 10:42 UTC`; a session that did not introduce itself is that of its version. */
export function describeHolder(link: Link, sinceMs: number): string {
  const { user = '', host = '' } = people.get(link) ?? {};
  const who = user === '' && host === '' ? `mirrord ${link.peer.version}` : `${user}@${host}`;
  return `${who} since ${new Date(sinceMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
