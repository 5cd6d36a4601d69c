// Joins the session: finds its folder, takes a slot and says hello. From here on a thread has its calls.

import fs from 'node:fs';
import { type LayerSettings, settingsFile, takenSlots } from '../src/policy/layer-settings.ts';
import { takeFreeSlot } from '../src/policy/take-slot.ts';
import { encodeHello, ownHello } from '../src/protocol/hello.ts';
import { messages } from '../src/protocol/schema.ts';
import { AsyncCalls } from './calls/async.ts';
import { SyncCalls } from './calls/sync.ts';

/** What the replaced functions of one thread work with. */
export interface Session {
  readonly folder: string;
  readonly settings: LayerSettings;
  /** The hello of this layer, for connections that the layer opens itself. */
  readonly hello: Buffer;
  readonly sync: SyncCalls;
  readonly async: AsyncCalls;
}

/** A proxy makes new slots as they are taken; one that has none for this long is stuck. */
const slotTimeoutMs = 5_000;

/** @throws Error when there is no such session any more, or it has no slot to give */
export function joinSession(folder: string): Session {
  const settings = JSON.parse(fs.readFileSync(`${folder}/${settingsFile}`, 'utf8')) as LayerSettings;
  const layer = takeSlot(folder);
  const slot = `${folder}/${takenSlots}/${layer}`;
  const hello = encodeHello(ownHello('layer', { token: settings.token, layer }));
  // Never a descriptor that a child inherits: the end of this process is the end of the slot.
  const sync = new SyncCalls(fs.openSync(`${slot}/call`, 'w'), fs.openSync(`${slot}/answer`, 'r'));
  const frame = { kind: 'hello', channel: 0, message: messages.hello.number, payload: hello } as const;
  sync.send(frame);
  return { folder, settings, hello, sync, async: new AsyncCalls(`${folder}/socket`, frame) };
}

/** Takes a free slot, and blocks while there is none. */
function takeSlot(folder: string): number {
  const deadline = Date.now() + slotTimeoutMs;
  for (;;) {
    const slot = takeFreeSlot(folder);
    if (slot !== undefined) return slot;
    if (Date.now() > deadline) throw new Error('the session has no free slot');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  }
}
