// The file calls that change what a path names, as the target sees the path. A failed call answers with its
// errno name.

import { promises as fs } from 'node:fs';
import type { Handlers } from '../src/protocol/link.ts';

const done = {};

export const changes: Handlers = {
  setMode: async ({ path, mode }) => {
    await fs.chmod(path, mode);
    return done;
  },
  setOwner: async ({ path, uid, gid, follow }) => {
    await (follow ? fs.chown : fs.lchown)(path, toId(uid), toId(gid));
    return done;
  },
  setTimes: async ({ path, atimeNs, mtimeNs, follow }) => {
    await (follow ? fs.utimes : fs.lutimes)(path, toSeconds(atimeNs), toSeconds(mtimeNs));
    return done;
  },
  makeDirectory: async ({ path, mode, recursive }) => {
    const first = await fs.mkdir(path, { mode, recursive });
    return { first: Buffer.from(first ?? '') };
  },
  // (Not in Node's types: the prefix may be a Buffer from Node 20.6 on, and a name need not be UTF-8.)
  makeTemporaryDirectory: async ({ prefix }) => ({
    path: await fs.mkdtemp(prefix as unknown as string, { encoding: 'buffer' }),
  }),
  removeDirectory: async ({ path }) => {
    await fs.rmdir(path);
    return done;
  },
  removeFile: async ({ path }) => {
    await fs.unlink(path);
    return done;
  },
  removeTree: async ({ path, recursive }) => {
    // Node has looked before it asks; what is gone in between was to be removed anyway.
    await fs.rm(path, { recursive, force: true });
    return done;
  },
  rename: async ({ from, to }) => {
    await fs.rename(from, to);
    return done;
  },
  link: async ({ from, to }) => {
    await fs.link(from, to);
    return done;
  },
  symlink: async ({ target, path }) => {
    await fs.symlink(target, path);
    return done;
  },
  copyFile: async ({ from, to, mode }) => {
    await fs.copyFile(from, to, mode);
    return done;
  },
  statFileSystem: async ({ path }) => {
    const { type, bsize, blocks, bfree, bavail, files, ffree } = await fs.statfs(path, { bigint: true });
    return { type, bsize, blocks, bfree, bavail, files, ffree };
  },
};

/** chown(2): uid_t's -1 leaves the id as it is, which Node takes as -1. */
export function toId(id: number): number {
  return id === 0xffffffff ? -1 : id;
}

export function toSeconds(ns: bigint): number {
  return Number(ns) / 1e9;
}
