// A program that was started under the supervisor, with all its threads and children: one filter, one loop.

import fs from 'node:fs';
import { constants } from 'node:os';
import type { PathPolicy } from '../src/policy/paths.ts';
import type { Addon } from './addon.ts';
import { Call, type Handler, isErrno, type Outcome } from './call.ts';
import type { Writers } from './files/writers.ts';
import { say } from './say.ts';
import type { Session } from './session.ts';

/** What the handlers of a program's calls work with. */
export interface Program {
  /** The filter's descriptor. */
  readonly listener: number;
  readonly session: Session;
  readonly policy: PathPolicy;
  /** The session's, since programs share files. */
  readonly writers: Writers;
  /** Processes that are a layer themselves (Node with the loader, say): their calls pass. */
  readonly layers: Set<number>;
}

/** Answers after so many calls in a row, others get their turn: timers, the proxy's answers, other programs. */
const callsInARow = 32;

/**
 * Answers the calls of a program until its last process has ended.
 * @param handlers by the number of the call
 */
export function supervise(
  addon: Addon,
  program: Program,
  handlers: ReadonlyMap<number, Handler>,
  onEnd: () => void,
): void {
  const ids = new BigUint64Array(1);
  const numbers = new Float64Array(8);
  const poll = addon.startPoll(program.listener, 1, () => {
    for (let count = 0; count < callsInARow; count++) {
      const received = addon.receive(program.listener, ids, numbers);
      if (received === false) return;
      if (received === undefined) {
        addon.stopPoll(poll);
        fs.closeSync(program.listener);
        onEnd();
        return;
      }
      // A path that cannot be read is the kernel's to refuse, with the errno that it has for it.
      const path = received instanceof Buffer ? received : undefined;
      handle(addon, new Call(program, addon, ids[0] ?? 0n, numbers, path), handlers);
    }
  });
}

function handle(addon: Addon, call: Call, handlers: ReadonlyMap<number, Handler>): void {
  const { layers } = call.program;
  const handler = handlers.get(call.number);
  if (handler === undefined || (layers.size > 0 && isLayer(addon, call))) {
    call.end('pass');
    return;
  }
  try {
    const outcome = handler(call);
    if (outcome instanceof Promise) outcome.then((later) => finish(call, later)).catch((error) => failed(call, error));
    else finish(call, outcome);
  } catch (error) {
    failed(call, error);
  }
}

/** Until its next execve, which makes another program of it. */
function isLayer(addon: Addon, { program, thread, number }: Call): boolean {
  const process = addon.processOf(thread);
  if (number === addon.calls.execve || number === addon.calls.execveat) program.layers.delete(process);
  return program.layers.has(process);
}

function finish(call: Call, outcome: Outcome): void {
  if (typeof outcome !== 'object') {
    call.end(outcome);
    return;
  }
  try {
    call.give(outcome.descriptor, outcome.closeOnExec);
  } finally {
    fs.closeSync(outcome.descriptor);
  }
}

function failed(call: Call, error: unknown): void {
  if (isErrno(error)) {
    call.end(0, constants.errno[error.code]);
    return;
  }
  const { code, message } = error as { code?: string; message?: string };
  // The pod cannot be asked, which is told by itself; or a mistake of ours, which must be seen.
  if (code !== 'LINK_CLOSED') say(`A call of the program failed: ${message} [INTERNAL]`);
  call.end(0, constants.errno.EIO);
}
