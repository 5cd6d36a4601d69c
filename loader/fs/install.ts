// Files of the loader: replaces the entry points of Node's fs binding, so that each call whose path is the
// pod's becomes a message. What is local goes to the original function with all its arguments.

import type { PathPolicy } from '../../src/policy/paths.ts';
import type { Session } from '../session.ts';
import { replaceBlob } from './blob.ts';
import { replaceTwoPaths } from './border.ts';
import { replaceChildStdio } from './child-stdio.ts';
import { complete, completeHere, completeLater } from './complete.ts';
import { callLocally, type FilesContext, notFound, replace } from './context.ts';
import { replaceCopyTree } from './copy-tree.ts';
import { Descriptors } from './descriptors.ts';
import { replaceHandleStream } from './handle-stream.ts';
import { handleOperations } from './handles.ts';
import { Listings } from './listings.ts';
import { replaceOpen } from './open.ts';
import { replaceOpenDirectory } from './open-directory.ts';
import { type PathOperation, pathOperations } from './operations.ts';
import { route } from './paths.ts';
import { replaceReadWhole } from './read-whole.ts';
import { replaceRecursive } from './recursive.ts';
import { replaceWatch } from './watch.ts';
import { writeHandleOperations } from './write-handles.ts';
import { writeOperations } from './write-operations.ts';
import { replaceWriteWhole } from './write-whole.ts';

/** Replaces the functions of this thread's binding. Called once. */
export function installFiles(session: Session, policy: PathPolicy): void {
  const context: FilesContext = {
    session,
    policy,
    descriptors: new Descriptors(session),
    listings: new Listings(),
  };
  for (const [name, operation] of Object.entries({ ...pathOperations, ...writeOperations }))
    replaceByPath(context, name, operation);
  for (const [name, { requestAt, operation }] of Object.entries({ ...handleOperations, ...writeHandleOperations })) {
    replace(
      name,
      (original) =>
        function (...args) {
          const file = context.descriptors.get(args[0]);
          const way = file && operation(file, args);
          if (way === undefined) return original.apply(this, args);
          if (typeof way === 'function') return completeHere(args[requestAt], way);
          const request = args[requestAt];
          if ('later' in way && request !== undefined) return completeLater(request, way.later(session));
          const result = () => ('now' in way ? way.now(session) : complete(session, request, way));
          const error = args[requestAt + 1];
          return request === undefined && isErrorContext(error) ? intoContext(error, result) : result();
        },
    );
  }
  replaceOpen(context);
  replaceReadWhole(context);
  replaceWriteWhole(context);
  replaceTwoPaths(context);
  replaceRecursive(context);
  replaceOpenDirectory(context);
  replaceHandleStream(context);
  replaceWatch(context);
  replaceCopyTree(context);
  replaceBlob(context);
  replaceChildStdio(context);
}

function replaceByPath(
  context: FilesContext,
  name: string,
  { requestAt, pathAt = 0, access, operation }: PathOperation,
): void {
  replace(
    name,
    (original) =>
      function (...args) {
        const way = route(context.policy, args[pathAt], access?.(args) ?? 'read');
        if (way.to === 'local') return callLocally(original, this, way.path, args, pathAt);
        if (way.to === 'remote') return complete(context.session, args[requestAt], operation(way.path, args, context));
        const asked = operation({ bytes: Buffer.alloc(0), shown: way.path }, args, context);
        return notFound(args[requestAt], asked);
      },
  );
}

/** Where some synchronous calls (writeBuffer, writeString) leave their error instead of throwing it. */
interface ErrorContext {
  errno?: number | undefined;
  syscall?: string | undefined;
  code?: string | undefined;
}

function isErrorContext(argument: unknown): argument is ErrorContext {
  return typeof argument === 'object' && argument !== null;
}

function intoContext(context: ErrorContext, call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    const { errno, syscall, code } = error as NodeJS.ErrnoException;
    Object.assign(context, { errno, syscall, code });
    return undefined;
  }
}
