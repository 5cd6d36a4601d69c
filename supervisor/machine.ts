// What a program is told of the machine: the pod's name. And the start of another program, which passes; that it
// stops here at all ends what was known of the process (see program.ts).

import type { Addon } from './addon.ts';
import type { Handler } from './call.ts';

export function machineHandlers(addon: Addon): Record<string, Handler> {
  return {
    /** uname(into) */
    uname(call) {
      const { hostname } = call.program.session.settings.machine;
      if (hostname === undefined) return 'pass';
      call.write(call.long(0), addon.uname(hostname));
      return 0;
    },
    execve: () => 'pass',
    execveat: () => 'pass',
  };
}
