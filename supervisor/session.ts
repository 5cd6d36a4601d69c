// Joins the session as a layer: takes a slot, which says that we are there until this process ends, and speaks over
// the socket. (The loader's session.ts blocks on its slot; the supervisor must never block.)

import fs from 'node:fs';
import { type LayerSettings, settingsFile, takenSlots } from '../src/policy/layer-settings.ts';
import { takeFreeSlot } from '../src/policy/take-slot.ts';
import { encodeFrame } from '../src/protocol/frame.ts';
import { encodeHello, ownHello } from '../src/protocol/hello.ts';
import { messages } from '../src/protocol/schema.ts';
import { Calls } from './calls.ts';

export interface Session {
  readonly folder: string;
  readonly settings: LayerSettings;
  /** The hello of this layer, for connections to the proxy's port. */
  readonly hello: Buffer;
  readonly calls: Calls;
}

/** @throws Error when there is no such session any more, or it has no slot to give */
export async function joinSession(folder: string): Promise<Session> {
  const settings = JSON.parse(fs.readFileSync(`${folder}/${settingsFile}`, 'utf8')) as LayerSettings;
  const layer = await takeSlot(folder);
  const hello = encodeHello(ownHello('layer', { token: settings.token, layer }));
  const frame = { kind: 'hello', channel: 0, message: messages.hello.number, payload: hello } as const;
  fs.writeSync(fs.openSync(`${folder}/${takenSlots}/${layer}/call`, 'w'), encodeFrame(frame));
  return { folder, settings, hello, calls: new Calls(`${folder}/socket`, frame) };
}

async function takeSlot(folder: string): Promise<number> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const slot = takeFreeSlot(folder);
    if (slot !== undefined) return slot;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the session has no free slot');
}
