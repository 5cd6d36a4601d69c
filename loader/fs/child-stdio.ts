// A descriptor of the pod's as a child's stdin, stdout or stderr: the child gets one of this machine that has the same
// in it, since the descriptor itself is a placeholder. (A local copy of a small file needs none of this.)
//
// A file for reading is copied from where it stands. What the child writes comes back through a pipe, and from
// spawnSync through an unnamed file, and is written to the pod's file as it comes.

import fs from 'node:fs';
import type { Socket } from 'node:net';
import { type BindingFunction, getBinding } from '../bindings.ts';
import type { FilesContext } from './context.ts';
import { O_TMPFILE, type RemoteHandle } from './descriptors.ts';

/** An entry of the bindings' `stdio`. */
interface Stdio {
  readonly type: string;
  readonly fd?: number;
  readonly [name: string]: unknown;
}

/** What takes an entry's place, and what is to be done when the child has been started. */
interface Substitute {
  readonly stdio: Stdio;
  readonly started: (isRunning: boolean) => void;
}

type Make = (fd: number, file: RemoteHandle) => Substitute;

export function replaceChildStdio(context: FilesContext): void {
  const { prototype } = getBinding('process_wrap').Process;
  const spawn = prototype.spawn as BindingFunction;
  /** spawn(options) up to Node 22, spawn(file, args, cwd, envPairs, stdio, …) from 24 on; 0, or an errno. */
  prototype.spawn = function (...args) {
    const isOptions = typeof args[0] === 'object';
    const stdio = isOptions ? (args[0] as { stdio?: Stdio[] }).stdio : (args[4] as Stdio[] | undefined);
    const substitutes = substitutesFor(context, stdio, (fd, file) =>
      file.access === 'read' ? asCopy(context, fd) : asPipe(context, fd),
    );
    if (substitutes.size === 0) return spawn.apply(this, args);
    const instead = stdio?.map((each, i) => substitutes.get(i)?.stdio ?? each);
    if (isOptions) args[0] = { ...(args[0] as object), stdio: instead };
    else args[4] = instead;
    const result = spawn.apply(this, args);
    for (const { started } of substitutes.values()) started(result === 0);
    return result;
  };

  const binding = getBinding('spawn_sync');
  const spawnSync = binding.spawn;
  binding.spawn = function (...args) {
    const options = args[0] as { stdio?: Stdio[] };
    const substitutes = substitutesFor(context, options.stdio, (fd, file) =>
      file.access === 'read' ? asCopy(context, fd) : asFile(context, fd),
    );
    if (substitutes.size === 0) return spawnSync.apply(this, args);
    args[0] = { ...options, stdio: options.stdio?.map((each, i) => substitutes.get(i)?.stdio ?? each) };
    try {
      return spawnSync.apply(this, args);
    } finally {
      for (const { started } of substitutes.values()) started(true);
    }
  };
}

function substitutesFor(
  { descriptors }: FilesContext,
  stdio: readonly Stdio[] | undefined,
  make: Make,
): Map<number, Substitute> {
  const substitutes = new Map<number, Substitute>();
  /** stdout and stderr into one file: one descriptor for both, so that lines keep their order. */
  const byFd = new Map<number, Substitute>();
  for (const [i, { type, fd }] of (stdio ?? []).entries()) {
    const file = type === 'fd' ? descriptors.get(fd) : undefined;
    if (fd === undefined || file?.kind !== 'handle') continue;
    const known = byFd.get(fd);
    const substitute = known === undefined ? make(fd, file) : { stdio: known.stdio, started: () => {} };
    if (substitute.stdio.type === 'fd') byFd.set(fd, substitute);
    substitutes.set(i, substitute);
  }
  return substitutes;
}

function asCopy(context: FilesContext, fd: number): Substitute {
  const copy = unnamed(context);
  const chunk = Buffer.allocUnsafe(1024 * 1024);
  for (let count = fs.readSync(fd, chunk); count > 0; count = fs.readSync(fd, chunk))
    writeAll(copy, chunk.subarray(0, count));
  const readable = fs.openSync(`/proc/self/fd/${copy}`, 'r');
  fs.closeSync(copy);
  return { stdio: { type: 'fd', fd: readable }, started: () => fs.closeSync(readable) };
}

function asFile(context: FilesContext, fd: number): Substitute {
  const file = unnamed(context);
  return {
    stdio: { type: 'fd', fd: file },
    started() {
      const chunk = Buffer.allocUnsafe(1024 * 1024);
      for (let at = 0; ; ) {
        const count = fs.readSync(file, chunk, 0, chunk.length, at);
        if (count === 0) break;
        writeAll(fd, chunk.subarray(0, count));
        at += count;
      }
      fs.closeSync(file);
    },
  };
}

/** This process stays until the child has closed its end: what it writes would be lost. */
function asPipe({ descriptors }: FilesContext, fd: number): Substitute {
  const { Socket: NetSocket } = require('node:net') as typeof import('node:net');
  const { Pipe, constants } = getBinding('pipe_wrap');
  const handle = new Pipe(constants.SOCKET);
  return {
    stdio: { type: 'pipe', handle, readable: false, writable: true },
    started(isRunning) {
      if (!isRunning) {
        handle.close();
        return;
      }
      // The program may close its own as soon as the child has it.
      const own = descriptors.duplicate(fd);
      // Node's types have no `handle`, which child_process gives as well.
      const socket: Socket = new NetSocket({ handle, writable: false } as never);
      socket.on('data', (chunk: Buffer) => writeAll(own, chunk));
      socket.on('error', () => socket.destroy());
      socket.on('close', () => fs.closeSync(own));
      socket.resume();
    },
  };
}

function unnamed({ session }: FilesContext): number {
  return fs.openSync(session.folder, O_TMPFILE | fs.constants.O_RDWR, 0o600);
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += fs.writeSync(fd, bytes, written);
}
