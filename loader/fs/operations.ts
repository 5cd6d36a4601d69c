// The table of fs entry points that take a path: which message each becomes, where the binding's function
// has its request argument, and how the reply becomes the binding's result. The same on Node 20, 22, 24
// and 26.

import type { MessageName, ReplyOf } from '../../src/protocol/schema.ts';
import type { Operation } from './complete.ts';
import type { FilesContext } from './context.ts';
import type { RemotePath } from './paths.ts';
import { statArray, statFsArray } from './stat.ts';

export interface PathOperation {
  /** The position of the argument that says how to answer. */
  readonly requestAt: number;
  /** The position of the path; the first argument, unless this says otherwise. */
  readonly pathAt?: number;
  /** What the call does to the file; reading, unless this says otherwise. */
  readonly access?: (args: readonly unknown[]) => 'read' | 'write';
  readonly operation: (path: RemotePath, args: readonly unknown[], context: FilesContext) => Operation;
}

/** access(2) */
const W_OK = 2;

export const pathOperations: Readonly<Record<string, PathOperation>> = {
  access: {
    requestAt: 2,
    access: ([, mode]) => (((mode as number) & W_OK) === 0 ? 'read' : 'write'),
    operation: ({ bytes, shown }, [, mode]) =>
      define({
        message: 'access',
        request: { path: bytes, mode: mode as number },
        syscall: 'access',
        path: shown,
        result: nothing,
      }),
  },
  existsSync: {
    requestAt: 1,
    operation: ({ bytes, shown }) =>
      define({
        message: 'access',
        request: { path: bytes, mode: 0 },
        syscall: 'access',
        path: shown,
        result: () => true,
        recover: () => ({ result: false }),
      }),
  },
  stat: { requestAt: 2, operation: (path, args) => statOperation('stat', path, args) },
  lstat: { requestAt: 2, operation: (path, args) => statOperation('lstat', path, args) },
  readdir: {
    requestAt: 3,
    operation: ({ bytes, shown }, [, encoding, withTypes], { listings }) =>
      define({
        message: 'readDirectory',
        request: { path: bytes },
        syscall: 'scandir',
        path: shown,
        result: ({ entries }) => {
          const names = entries.map(({ name }) => inEncoding(name, encoding));
          listings.note(bytes.toString(), entries);
          return withTypes === true ? [names, entries.map(({ type }) => type)] : names;
        },
      }),
  },
  readlink: {
    requestAt: 2,
    operation: ({ bytes, shown }, [, encoding]) =>
      define({
        message: 'readLink',
        request: { path: bytes },
        syscall: 'readlink',
        path: shown,
        result: ({ target }) => inEncoding(target, encoding),
      }),
  },
  /** statfs(path, bigint, req) */
  statfs: {
    requestAt: 2,
    operation: ({ bytes, shown }, [, bigint]) =>
      define({
        message: 'statFileSystem',
        request: { path: bytes },
        syscall: 'statfs',
        path: shown,
        result: (stat) => statFsArray(stat, bigint === true),
      }),
  },
  realpath: {
    requestAt: 2,
    operation: ({ bytes, shown }, [, encoding]) =>
      define({
        message: 'realPath',
        request: { path: bytes },
        syscall: 'realpath',
        path: shown,
        result: ({ path }) => inEncoding(path, encoding),
      }),
  },
};

/** Node 20 takes a file on the way for an error; later lines for no entry. */
const noEntryCodes = process.version.startsWith('v20.') ? ['ENOENT'] : ['ENOENT', 'ENOTDIR'];

function statOperation(syscall: 'stat' | 'lstat', { bytes, shown }: RemotePath, args: readonly unknown[]): Operation {
  const [, bigint, , throwIfNoEntry] = args;
  return define({
    message: 'stat',
    request: { path: bytes, follow: syscall === 'stat' },
    syscall,
    path: shown,
    result: ({ stat }) => statArray(stat, bigint === true),
    recover: (code) => (throwIfNoEntry === false && noEntryCodes.includes(code) ? { result: undefined } : undefined),
  });
}

/** A name in the encoding that the program asked for; 'buffer' gives bytes, and nothing means UTF-8. */
export function inEncoding(name: Buffer, encoding: unknown): string | Buffer {
  return encoding === 'buffer' ? Buffer.from(name) : name.toString((encoding ?? 'utf8') as BufferEncoding);
}

const nothing = (): undefined => undefined;

/** Forgets which message an operation is of, once its parts have been checked against each other. */
export function define<Name extends MessageName>(operation: Operation<Name>): Operation {
  // `result` only ever gets the reply of `message`: complete() takes both from the same object.
  return operation as unknown as Operation & { result: (reply: ReplyOf<MessageName>) => unknown };
}
