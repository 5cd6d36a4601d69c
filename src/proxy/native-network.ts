// The filters of outgoing traffic and of names for native programs: they ask for everything, and what the
// configuration keeps on this machine is looked up, connected and sent from here.

import { promises as dns } from 'node:dns';
import { createNetworkPolicy, type NetworkPolicy, type NetworkRules, type Side } from '../policy/network.ts';
import { RemoteError } from '../protocol/failure.ts';
import type { ReplyOf, RequestOf } from '../protocol/schema.ts';

/** Addresses whose names are remembered, for filters that go by name. */
const rememberedNames = 10_000;

export class NativeNetwork {
  #policy: NetworkPolicy;
  #names = new Map<string, string>();

  constructor(rules: NetworkRules) {
    this.#policy = createNetworkPolicy(rules);
  }

  /** Resolves a name where the filter says. @param inPod asks the pod */
  async lookup(request: RequestOf<'lookup'>, inPod: () => Promise<ReplyOf<'lookup'>>): Promise<ReplyOf<'lookup'>> {
    const isLocal = this.#policy.resolves(request.name) === 'local';
    const reply = isLocal ? await lookupHere(request) : await inPod();
    if (this.#policy.goesByName) for (const address of reply.addresses) this.#remember(address, request.name);
    return reply;
  }

  sideOf(protocol: 'tcp' | 'udp', host: string, port: number): Side {
    return this.#policy.connects(protocol, host, port, this.#names.get(host));
  }

  #remember(address: string, name: string): void {
    if (this.#names.size >= rememberedNames) this.#names.clear();
    this.#names.set(address, name);
  }
}

async function lookupHere({ name, family }: RequestOf<'lookup'>): Promise<ReplyOf<'lookup'>> {
  try {
    const found = await dns.lookup(name, { family, all: true });
    return { addresses: found.map(({ address }) => address) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new RemoteError(code === 'ENOTFOUND' ? 'EAI_NONAME' : 'EAI_AGAIN', `this machine knows no "${name}"`);
  }
}
