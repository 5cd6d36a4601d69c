// What `os` tells of the machine: the pod's host name, and its network interfaces where they are asked for.
// The public functions, since os keeps its bindings' functions to itself. In each thread.

import os from 'node:os';
import type { MachineSettings } from '../src/policy/layer-settings.ts';

/** The caller brings the new functions to ES modules (syncBuiltinESMExports). */
export function installMachine({ hostname, networkInterfaces }: MachineSettings): void {
  if (hostname !== undefined) {
    // As Node's own: `${os.hostname}` is the name.
    os.hostname = Object.assign(() => hostname, { [Symbol.toPrimitive]: () => hostname });
  }
  // A copy for each caller, who may change it.
  if (networkInterfaces !== undefined) os.networkInterfaces = () => structuredClone(networkInterfaces);
}
