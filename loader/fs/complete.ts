// The three ways in which Node's fs binding is asked, and answers: synchronously, with a request object
// (callbacks), or with the symbol kUsePromises. A remote operation is written once and completed in any.

import type { MessageName, ReplyOf, RequestOf } from '../../src/protocol/schema.ts';
import { getBinding, type Request } from '../bindings.ts';
import { codeOf, systemError } from '../errors.ts';
import type { Session } from '../session.ts';
import { noteChange } from './generation.ts';

/** One remote call and what Node wants of it. */
export interface Operation<Name extends MessageName = MessageName> {
  readonly message: Name;
  readonly request: RequestOf<Name>;
  /** For the error, as Node's own call would name them. */
  readonly syscall: string;
  readonly path?: string | Uint8Array | undefined;
  readonly dest?: string | Uint8Array | undefined;
  /** Turns the reply into the binding's result; may throw a system error. */
  readonly result: (reply: ReplyOf<Name>) => unknown;
  /** Turns an error's code into a result (stat with throwIfNoEntry, exists); undefined: it stays an error. */
  readonly recover?: ((code: string) => { readonly result: unknown } | undefined) | undefined;
}

/** The messages that change what a file has in it. */
const changing: ReadonlySet<MessageName> = new Set(['writeFile', 'truncateFile', 'copyFile']);

/** The third form's mark; the same object in all threads' bindings of a process. */
const { kUsePromises } = getBinding('fs');

/**
 * Does the operation in the form that `request` asks for: undefined is synchronous.
 * @returns the result (synchronous), a promise, or undefined; synchronous errors are thrown
 */
export function complete<Name extends MessageName>(
  session: Session,
  request: unknown,
  operation: Operation<Name>,
): unknown {
  if (changing.has(operation.message)) noteChange();
  if (request === undefined) return settle(operation, () => session.sync.call(operation.message, operation.request));
  if (request === kUsePromises) {
    return session.async.ask(operation.message, operation.request).then(
      (reply) => operation.result(reply),
      (error) => recovered(operation, error),
    );
  }
  const { message, request: asked } = operation;
  session.async.call(message, asked, (error, reply) => {
    answer(request as Request, () =>
      settle(operation, () => {
        if (error !== undefined) throw error;
        return reply as ReplyOf<Name>; // there is one where there is no error
      }),
    );
  });
  return undefined;
}

/** Completes a call whose result is known in this process, in the form that `request` asks for. */
export function completeHere(request: unknown, run: () => unknown): unknown {
  if (request === undefined) return run();
  if (request === kUsePromises) return Promise.resolve().then(run);
  setImmediate(() => answer(request as Request, run));
  return undefined;
}

/** Completes a call that several remote calls make up: in the promise form, or by the request object. */
export function completeLater(request: unknown, work: Promise<unknown>): unknown {
  if (request === kUsePromises) return work;
  // Out of the promise, in which an exception of the program's callback would be a rejection of ours.
  const later = (run: () => unknown) => setImmediate(() => answer(request as Request, run));
  work.then(
    (result) => later(() => result),
    (error) =>
      later(() => {
        throw error;
      }),
  );
  return undefined;
}

/** Calls a request's completion as Node does: `(error)`, or `(null)`, or `(null, result)`. */
function answer(request: Request, run: () => unknown): void {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    request.oncomplete(error);
    return;
  }
  if (result === undefined) request.oncomplete(null);
  else request.oncomplete(null, result);
}

function settle<Name extends MessageName>(operation: Operation<Name>, ask: () => ReplyOf<Name>): unknown {
  let reply: ReplyOf<Name>;
  try {
    reply = ask();
  } catch (error) {
    return recovered(operation, error);
  }
  return operation.result(reply);
}

function recovered<Name extends MessageName>(
  { syscall, path, dest, recover }: Operation<Name>,
  error: unknown,
): unknown {
  const code = codeOf(error, 'EIO');
  const instead = recover?.(code);
  if (instead !== undefined) return instead.result;
  throw systemError(code, syscall, path, dest);
}
