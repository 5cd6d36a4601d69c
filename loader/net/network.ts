// What a thread's connections, datagrams and names are decided by.

import type { NetworkPolicy } from '../../src/policy/network.ts';
import type { KnownNames } from '../names/known.ts';
import type { Listening } from './listen.ts';

export interface Network {
  readonly policy: NetworkPolicy;
  readonly known: KnownNames;
  readonly listening: Listening;
}
