// How a layer takes a slot of its session: whoever renames a free one's folder first has it (src/proxy/slots.ts).

import fs from 'node:fs';
import { freeSlots, takenSlots } from './layer-settings.ts';

/** @returns the slot's number, or undefined when none is free just now: the proxy makes new ones as they are taken */
export function takeFreeSlot(folder: string): number | undefined {
  for (const name of fs.readdirSync(`${folder}/${freeSlots}`)) {
    try {
      fs.renameSync(`${folder}/${freeSlots}/${name}`, `${folder}/${takenSlots}/${name}`);
      return Number(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; // taken by another: the next one
    }
  }
  return undefined;
}
