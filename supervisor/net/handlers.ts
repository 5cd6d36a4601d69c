// The calls on sockets, by name: each file of this folder brings its own.

import type { Handler } from '../call.ts';
import { connectHandler } from './connect.ts';
import { datagramHandlers } from './datagrams.ts';
import { listenHandlers } from './listen.ts';
import { nameHandlers } from './names.ts';
import type { Network } from './network.ts';

export function networkHandlers(network: Network): Readonly<Record<string, Handler>> {
  return {
    connect: connectHandler(network),
    ...listenHandlers(network),
    ...nameHandlers(network),
    ...datagramHandlers(network),
  };
}
