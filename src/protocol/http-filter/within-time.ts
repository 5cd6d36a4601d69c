// A time limit for what JavaScript offers no other limit for: V8 looks for an interrupt while a regular
// expression backtracks, and node:vm sets one. (It makes a thread for that: 57 µs a call, where a message to a
// worker and back takes 15; but the answer is there at once, which keeps the parsing of a connection simple, and
// only patterns with look-around and body queries pay.)

import vm from 'node:vm';

const context = vm.createContext(Object.create(null));
const script = new vm.Script('run()');

/** @throws Error with the code `ERR_SCRIPT_EXECUTION_TIMEOUT` when it takes longer, and what `run` throws */
export function withinTime(limitMs: number, run: () => boolean): boolean {
  context.run = run;
  try {
    return script.runInContext(context, { timeout: limitMs }) === true;
  } finally {
    context.run = undefined;
  }
}

export function isTimeout(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}
