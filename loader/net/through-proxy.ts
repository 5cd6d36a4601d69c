// A handle of the program that connects to the proxy instead: a preamble says where to; how the pod's connect
// ended comes back beside the connection, so its bytes are the program's from the first to the last.

import { type OutgoingStream, preamble } from '../../src/protocol/preamble.ts';
import type { ReplyOf, RequestOf } from '../../src/protocol/schema.ts';
import { getBinding, type Handle, type Request } from '../bindings.ts';
import { codeOf, errnoOf } from '../errors.ts';
import type { Session } from '../session.ts';

interface Way<Name extends OutgoingStream> {
  /** Connects the handle to the proxy. @returns 0, or a negative errno at once */
  readonly reach: (request: Request) => unknown;
  /** The pod's connect has succeeded. */
  readonly show: (reply: ReplyOf<Name>) => void;
}

/**
 * Connects a handle in the pod.
 * @param request the binding's, whose `oncomplete` is called when both ways are there
 * @returns as the binding's connect
 */
export function connectThroughProxy<Name extends OutgoingStream>(
  session: Session,
  handle: Handle,
  request: Request,
  name: Name,
  value: RequestOf<Name>,
  { reach, show }: Way<Name>,
): unknown {
  const complete = request.oncomplete;
  const finish = (status: number) => complete.call(request, status, handle, request, status === 0, status === 0);

  // Two things have to happen, in this order: the handle reaches the proxy, the pod reaches the server.
  const call = session.async.expect(name, (error, reply) => {
    if (reply !== undefined) show(reply);
    finish(reply === undefined ? errnoOf(codeOf(error, 'ENETUNREACH')) : 0);
  });
  request.oncomplete = (status) => {
    request.oncomplete = complete;
    if (status === 0) {
      const bytes = preamble(session, call, name, value);
      write(handle, bytes);
      leaveOut(handle, bytes.length);
    } else {
      session.async.forget(call);
      finish(errnoOf('ENETUNREACH')); // nobody is there: the session has ended
    }
  };
  const errno = reach(request);
  if (errno !== 0 && errno !== undefined) session.async.forget(call);
  return errno;
}

function write(handle: Handle, bytes: Buffer): void {
  const write = new (getBinding('stream_wrap').WriteWrap)();
  write.oncomplete = () => {};
  (handle.writeBuffer as (request: Request, bytes: Buffer) => number)(write, bytes);
}

/** The program counts its own bytes only. */
function leaveOut(handle: Handle, bytes: number): void {
  let prototype: unknown = handle;
  let counter: PropertyDescriptor | undefined;
  while (counter === undefined && prototype !== null) {
    prototype = Object.getPrototypeOf(prototype);
    counter = prototype === null ? undefined : Object.getOwnPropertyDescriptor(prototype, 'bytesWritten');
  }
  const count = counter?.get;
  if (count === undefined) return;
  Object.defineProperty(handle, 'bytesWritten', {
    configurable: true,
    get: () => (count.call(handle) as number) - bytes,
  });
}
