// One layer (a thread of a program, or a process) as its proxy sees it: the calls that it makes, and what
// it holds and has to be given back when it is gone.

import { encodeFailure, RemoteError } from '../protocol/failure.ts';
import { encodeFrame, type Frame } from '../protocol/frame.ts';
import { decodeRequest, encodeReply, messageName, messages, type RequestOf } from '../protocol/schema.ts';
import type { createDecisions } from './decisions.ts';
import type { Incoming } from './incoming.ts';
import type { Links } from './links.ts';
import type { NativeConnections } from './native-connections.ts';
import { type Relay, relayUdp } from './native-datagrams.ts';
import type { NativeNetwork } from './native-network.ts';
import type { StreamedFiles } from './streamed-files.ts';
import { type Listener, sameListener } from './taken-port.ts';

/** What the layers of a session share. */
export interface LayerContext {
  readonly links: Links;
  readonly incoming: Incoming;
  readonly decide: ReturnType<typeof createDecisions>;
  readonly streamedFiles: StreamedFiles;
  readonly connections: NativeConnections;
  readonly network: NativeNetwork;
  readonly environment: () => { set: { name: string; value: string }[]; unset: string[] };
  /** Tells the developer something, once. */
  readonly notice: (line: string) => void;
}

export class Layer {
  readonly id: number;
  #context: LayerContext;
  #handles = new Set<number>();
  #listeners: Listener[] = [];
  #announced: Listener[] = [];
  #relays: Relay[] = [];
  #closed = false;

  constructor(id: number, context: LayerContext) {
    this.id = id;
    this.#context = context;
  }

  /** Answers one request; a call for the pod passes through as it is. Never rejects. */
  async answer(request: Frame): Promise<Buffer> {
    const { channel } = request;
    try {
      return encodeFrame({ kind: 'reply', channel, payload: await this.#call(request) });
    } catch (error) {
      return encodeFrame({ kind: 'failure', channel, payload: encodeFailure(error) });
    }
  }

  /** The layer is gone: closes its files; its ports wait for the next one. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const listener of this.#announced.splice(0)) this.#context.incoming.withdraw(listener);
    for (const listener of this.#listeners.splice(0)) this.#context.incoming.abandon(listener);
    for (const relay of this.#relays.splice(0)) relay.close();
    const handles = [...this.#handles];
    this.#handles.clear();
    await Promise.allSettled(handles.map(async (handle) => this.#context.links.main.request('closeFile', { handle })));
  }

  async #call({ message, payload }: Frame): Promise<Buffer> {
    const name = messageName(message);
    const { pending } = this.#context.streamedFiles;
    if (pending !== undefined) await pending;
    switch (name) {
      case 'listen':
        return this.#listen(decodeRequest(name, payload));
      case 'unlisten':
        return this.#unlisten(decodeRequest(name, payload));
      case 'announce': {
        const listener = decodeRequest(name, payload);
        this.#announced.push(listener);
        this.#context.incoming.announce(listener);
        return encodeReply(name, {});
      }
      case 'withdraw': {
        const listener = decodeRequest(name, payload);
        this.#announced = this.#announced.filter((known) => !sameListener(known, listener));
        this.#context.incoming.withdraw(listener);
        return encodeReply(name, {});
      }
      case 'peerOf':
        return encodeReply(name, await this.#context.incoming.peerOf(decodeRequest(name, payload).port));
      case 'connectFrom':
        return encodeReply(name, await this.#context.connections.connectFrom(decodeRequest(name, payload)));
      case 'connectResult':
        return encodeReply(name, await this.#context.connections.connectResult(decodeRequest(name, payload)));
      case 'relayUdp': {
        const relay = await relayUdp(this.#context, decodeRequest(name, payload));
        if (this.#closed) relay.close();
        else this.#relays.push(relay);
        return encodeReply(name, relay.reply);
      }
      case 'lookup': {
        const { links, network } = this.#context;
        const request = decodeRequest(name, payload);
        return encodeReply(name, await network.lookup(request, () => links.main.request(name, request)));
      }
      case 'decidePath':
        return encodeReply(name, this.#context.decide(decodeRequest(name, payload)));
      case 'environment':
        return encodeReply(name, this.#context.environment());
      case 'notice':
        this.#context.notice(decodeRequest(name, payload).line);
        return encodeReply(name, {});
      case 'openFile': {
        const reply = await this.#context.links.main.forward(message, payload);
        const handle = reply.readUInt32LE(0); // the reply's first field
        if (handle !== 0) this.#handles.add(handle);
        return reply;
      }
      case 'closeFile':
        this.#handles.delete(payload.readUInt32LE(0));
        return this.#context.links.main.forward(message, payload);
      default:
        if (name === undefined || !isForThePod(name)) {
          throw new RemoteError('ENOSYS', `a layer cannot ask for ${name ?? `message ${message}`}`);
        }
        return this.#context.links.main.forward(message, payload);
    }
  }

  async #listen(request: RequestOf<'listen'>): Promise<Buffer> {
    const listener = { port: request.port, local: request.local };
    await this.#context.incoming.listen(listener);
    // Gone while it waited: nobody else would give the port back.
    if (this.#closed) this.#context.incoming.abandon(listener);
    else this.#listeners.push(listener);
    return encodeReply('listen', {});
  }

  async #unlisten({ port, local }: RequestOf<'unlisten'>): Promise<Buffer> {
    const at = this.#listeners.findIndex((known) => sameListener(known, { port, local }));
    const [listener] = at === -1 ? [] : this.#listeners.splice(at, 1);
    if (listener !== undefined) await this.#context.incoming.unlisten(listener);
    return encodeReply('unlisten', {});
  }
}

/** Files and names: the numbers from 16 to 63 that are no streams, and some that came later. */
function isForThePod(name: keyof typeof messages): boolean {
  const { number, stream } = messages[name];
  return (number >= 16 && number < 64 && !stream) || name === 'seekFile' || name === 'networkInterfaces';
}
