// The table of fs entry points that change a path: what each is as a message. They are remote where the
// configuration says that writing is (mode `write`, `read_write` patterns).

import type { MessageName, RequestOf } from '../../src/protocol/schema.ts';
import type { Operation } from './complete.ts';
import { define, inEncoding, type PathOperation } from './operations.ts';
import type { PathArgument, RemotePath } from './paths.ts';

const write = () => 'write' as const;

/** Changes that answer with nothing. */
type Silent = Extract<
  MessageName,
  'setMode' | 'setOwner' | 'setTimes' | 'removeDirectory' | 'removeFile' | 'removeTree'
>;

export const writeOperations: Readonly<Record<string, PathOperation>> = {
  /** chmod(path, mode, req) */
  chmod: change(2, 'chmod', 'setMode', ({ bytes }, [, mode]) => ({ path: bytes, mode: mode as number })),
  /** chown(path, uid, gid, req) */
  chown: change(3, 'chown', 'setOwner', ownerRequest(true)),
  lchown: change(3, 'lchown', 'setOwner', ownerRequest(false)),
  /** utimes(path, atime, mtime, req), the times in seconds */
  utimes: change(3, 'utime', 'setTimes', timesRequest(true)),
  lutimes: change(3, 'lutime', 'setTimes', timesRequest(false)),
  rmdir: change(1, 'rmdir', 'removeDirectory', ({ bytes }) => ({ path: bytes })),
  unlink: change(1, 'unlink', 'removeFile', ({ bytes }) => ({ path: bytes })),
  /** rmSync(path, maxRetries, recursive, retryDelay): Node 22 and later, and synchronous only */
  rmSync: change(4, 'rm', 'removeTree', ({ bytes }, [, , recursive]) => ({
    path: bytes,
    recursive: recursive === true,
  })),
  /** symlink(target, path, flags, req) */
  symlink: {
    requestAt: 3,
    pathAt: 1,
    access: write,
    operation: ({ bytes, shown }, [target]) =>
      define({
        message: 'symlink',
        request: { path: bytes, target: toBytes(target) },
        syscall: 'symlink',
        path: target as PathArgument,
        dest: shown,
        result: () => undefined,
      }),
  },
  /** mkdir(path, mode, recursive, req) */
  mkdir: {
    requestAt: 3,
    access: write,
    operation: ({ bytes, shown }, [, mode, recursive]) =>
      define({
        message: 'makeDirectory',
        request: { path: bytes, mode: mode as number, recursive: recursive === true },
        syscall: 'mkdir',
        path: shown,
        result: ({ first }) => (recursive === true && first.length > 0 ? first.toString() : undefined),
      }),
  },
  /** mkdtemp(prefix, encoding, req) */
  mkdtemp: {
    requestAt: 2,
    access: write,
    operation: ({ bytes, shown }, [, encoding]) =>
      define({
        message: 'makeTemporaryDirectory',
        request: { prefix: bytes },
        syscall: 'mkdtemp',
        path: `${shown}XXXXXX`,
        result: ({ path }) => inEncoding(path, encoding),
      }),
  },
};

function change<Name extends Silent>(
  requestAt: number,
  syscall: string,
  message: Name,
  request: (path: RemotePath, args: readonly unknown[]) => RequestOf<Name>,
): PathOperation {
  return {
    requestAt,
    access: write,
    operation: (path, args): Operation =>
      define<Name>({ message, request: request(path, args), syscall, path: path.shown, result: () => undefined }),
  };
}

function ownerRequest(follow: boolean) {
  return ({ bytes }: RemotePath, [, uid, gid]: readonly unknown[]): RequestOf<'setOwner'> => ({
    path: bytes,
    uid: toId(uid),
    gid: toId(gid),
    follow,
  });
}

function timesRequest(follow: boolean) {
  return ({ bytes }: RemotePath, [, atime, mtime]: readonly unknown[]): RequestOf<'setTimes'> => ({
    path: bytes,
    atimeNs: toNs(atime),
    mtimeNs: toNs(mtime),
    follow,
  });
}

/** chown(2): -1 leaves an id as it is; on the wire it is 2^32 - 1, as in uid_t. */
export function toId(id: unknown): number {
  return (id as number) >>> 0;
}

/** A time in seconds, as Node's binding gets it. */
export function toNs(seconds: unknown): bigint {
  return BigInt(Math.round((seconds as number) * 1e9));
}

export function toBytes(path: unknown): Buffer {
  return typeof path === 'string' ? Buffer.from(path) : Buffer.from(path as Uint8Array);
}
