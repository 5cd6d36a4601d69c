// Records of the loader: dns.resolve*, dns.reverse and Resolver ask the pod's name servers, or those that the
// program has set; dns.lookupService asks what the pod calls an address.

import fs from 'node:fs';
import { isIP } from 'node:net';
import type { NetworkPolicy } from '../../src/policy/network.ts';
import { RemoteError } from '../../src/protocol/failure.ts';
import { type BindingFunction, getBinding, type Request } from '../bindings.ts';
import { codeOf, errnoOf } from '../errors.ts';
import type { Session } from '../session.ts';

/** The methods of c-ares' channel, and the record type that each asks for. */
const recordTypes: Readonly<Record<string, string>> = {
  queryA: 'A',
  queryAaaa: 'AAAA',
  queryAny: 'ANY',
  queryCaa: 'CAA',
  queryCname: 'CNAME',
  queryMx: 'MX',
  queryNaptr: 'NAPTR',
  queryNs: 'NS',
  queryPtr: 'PTR',
  querySoa: 'SOA',
  querySrv: 'SRV',
  queryTxt: 'TXT',
  queryTlsa: 'TLSA',
  getHostByAddr: 'REVERSE',
};

/** What `setServers` got, by channel: `[family, address, port]` each. */
const setServers = new WeakMap<object, readonly string[]>();

/** What a Resolver was made with, by channel. */
const patience = new WeakMap<object, { readonly timeoutMs: number; readonly tries: number }>();
/** Node's own, for the functions of the module (dns/utils). */
const defaultPatience = { timeoutMs: -1, tries: 4 };

/** By channel, what gives up each question that waits. */
const waiting = new WeakMap<object, Set<() => void>>();

export function installRecords(session: Session, policy: NetworkPolicy): void {
  const binding = getBinding('cares_wrap');
  const { prototype } = binding.ChannelWrap;
  for (const [method, type] of Object.entries(recordTypes)) {
    const original = prototype[method];
    if (original === undefined) continue;
    prototype[method] = function (...args) {
      const [request, name] = args as [Request, string];
      // Node's own check answers at once.
      if (type === 'REVERSE' && isIP(name) === 0) return original.apply(this, args);
      if (policy.resolves(name) === 'local') return original.apply(this, args);
      const channel = this as object;
      const question = {
        name,
        type,
        servers: setServers.get(channel) ?? [],
        ...(patience.get(channel) ?? defaultPatience),
      };
      const questions = waitingOf(channel);
      const call = session.async.call('resolve', question, (error, reply) => {
        questions.delete(cancel);
        if (reply === undefined) request.oncomplete(dnsCode(error));
        else answer(request, type, JSON.parse(reply.records));
      });
      const cancel = () => {
        questions.delete(cancel);
        session.async.forget(call);
        setImmediate(() => request.oncomplete('ECANCELLED'));
      };
      questions.add(cancel);
      return 0;
    };
  }
  replaceServers(prototype);
  replaceCancel(prototype);
  // Node looks the class up here for each Resolver, so that one can be noted with what it was made with.
  binding.ChannelWrap = new Proxy(binding.ChannelWrap, {
    construct(target, args, newTarget) {
      const channel = Reflect.construct(target, args, newTarget) as object;
      patience.set(channel, { timeoutMs: args[0] as number, tries: args[1] as number });
      return channel;
    },
  });

  /** getnameinfo(req, address, port) */
  const { getnameinfo } = binding;
  binding.getnameinfo = (...args) => {
    const [request, host, port] = args as [Request, string, number];
    if (policy.resolves(host) === 'local') return getnameinfo.apply(binding, args);
    session.async.call('lookupService', { address: { host, port } }, (error, reply) => {
      if (reply === undefined) request.oncomplete(errnoOf(codeOf(error, 'EAI_AGAIN')));
      else request.oncomplete(null, reply.name, reply.service);
    });
    return 0;
  };
}

function waitingOf(channel: object): Set<() => void> {
  const questions = waiting.get(channel) ?? new Set();
  waiting.set(channel, questions);
  return questions;
}

function replaceCancel(prototype: Record<string, BindingFunction>): void {
  const original = prototype.cancel as BindingFunction;
  prototype.cancel = function (...args) {
    for (const cancel of [...waitingOf(this as object)]) cancel();
    return original.apply(this, args);
  };
}

/** Addresses have their times to live beside them; all other records are as Node's dns gives them. */
function answer(request: Request, type: string, records: unknown): void {
  if (type !== 'A' && type !== 'AAAA') {
    request.oncomplete(null, records);
    return;
  }
  const addresses = records as readonly { address: string; ttl: number }[];
  request.oncomplete(
    null,
    addresses.map(({ address }) => address),
    addresses.map(({ ttl }) => ttl),
  );
}

function replaceServers(prototype: Record<string, BindingFunction>): void {
  const { getServers: get, setServers: set } = prototype as {
    getServers: BindingFunction;
    setServers: BindingFunction;
  };
  prototype.setServers = function (...args) {
    const servers = args[0] as readonly (readonly [family: number, host: string, port: number])[];
    setServers.set(
      this as object,
      servers.map(([family, host, port]) => (family === 6 ? `[${host}]:${port}` : `${host}:${port}`)),
    );
    return set.apply(this, args);
  };
  prototype.getServers = function (...args) {
    return setServers.has(this as object) ? get.apply(this, args) : podServers();
  };
}

/** The pod's resolv.conf, which this thread's fs reads from the pod. */
function podServers(): [host: string, port: number][] {
  const lines = fs.readFileSync('/etc/resolv.conf', 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [keyword, host] = line.trim().split(/\s+/);
    return keyword === 'nameserver' && host !== undefined ? [[host, 53]] : [];
  });
}

/** Node's dns module knows errors by c-ares' names. */
function dnsCode(error: unknown): string {
  const code = error instanceof RemoteError ? error.code : '';
  return code === 'LINK_CLOSED' || code === '' ? 'ECONNREFUSED' : code;
}
