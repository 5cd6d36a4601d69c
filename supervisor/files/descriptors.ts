// Files of the pod as descriptors of a program. Each is a file in memory that has the bytes; what only the pod knows
// (its stat, a folder's path) is in the file's name and behind its bytes. So nothing has to be remembered: a
// descriptor means the same after dup, fork, exec or sending it elsewhere, and needs no notice of its end.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Stat } from '../../src/protocol/schema.ts';
import type { Addon } from '../addon.ts';

/** What a descriptor of a program is, as far as it concerns us. */
export type Descriptor =
  | { readonly kind: 'file'; readonly stat: Stat }
  /** `bytes`: the length of its entries, see folder.ts. */
  | { readonly kind: 'folder'; readonly stat: Stat; readonly bytes: number }
  /** Perhaps a file that is written, see writers.ts. */
  | { readonly kind: 'pipe'; readonly inode: number }
  /** A file or folder of this machine. */
  | { readonly kind: 'local'; readonly path: Buffer }
  | { readonly kind: 'other' };

/** Copies of up to this size are in memory; a larger one is an unnamed file of the temporary folder. */
const maxBytesInMemory = 64 * 1024 * 1024;

/** The order in which the numbers of a stat stand in a name, and in native/seccomp/layouts.h. */
const fields = [
  'dev',
  'mode',
  'nlink',
  'uid',
  'gid',
  'rdev',
  'blksize',
  'ino',
  'size',
  'blocks',
  'atimeNs',
  'mtimeNs',
  'ctimeNs',
  'birthtimeNs',
] as const satisfies readonly (keyof Stat)[];

export function statNumbers(stat: Stat): BigInt64Array {
  return BigInt64Array.from(fields, (field) => stat[field]);
}

/** What `/proc/THREAD/fd/DESCRIPTOR` says that it is. */
export function identify(thread: number, descriptor: number): Descriptor {
  const link = linkOf(thread, descriptor);
  if (link === undefined) return { kind: 'other' };
  const text = link.toString('latin1');
  const [, inode] = /^pipe:\[(\d+)\]$/.exec(text) ?? [];
  if (inode !== undefined) return { kind: 'pipe', inode: Number(inode) };
  const [, kind, bytes = '', numbers = ''] =
    /\/(?:memfd:)?mirrord:(f|d)([0-9a-f]*):([0-9a-f.-]+) \(deleted\)$/.exec(text) ?? [];
  if (kind === 'f') return { kind: 'file', stat: readNumbers(numbers) };
  if (kind === 'd') return { kind: 'folder', stat: readNumbers(numbers), bytes: Number.parseInt(bytes, 16) };
  return text.startsWith('/') ? { kind: 'local', path: link } : { kind: 'other' };
}

/** @returns a writable descriptor of a new file of this machine that stands for one of the pod */
export function makeFile(addon: Addon, stat: Stat): number {
  const name = `mirrord:f:${writeNumbers(stat)}`;
  if (stat.size <= maxBytesInMemory) return addon.makeFile(name);
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'mirrord-')), name);
  try {
    return fs.openSync(file, 'wx+', 0o600);
  } finally {
    fs.rmSync(path.dirname(file), { recursive: true, force: true });
  }
}

/** The same for a folder. */
export function makeFolder(addon: Addon, stat: Stat, bytes: number): number {
  return addon.makeFile(`mirrord:d${bytes.toString(16)}:${writeNumbers(stat)}`);
}

/**
 * Makes the descriptor that a program gets: for reading only, so that writing is EBADF as in the pod.
 * @param writable becomes ours to close; closed here
 */
export function forReading(writable: number): number {
  try {
    return fs.openSync(`/proc/self/fd/${writable}`, 'r');
  } finally {
    fs.closeSync(writable);
  }
}

function linkOf(thread: number, descriptor: number): Buffer | undefined {
  try {
    return fs.readlinkSync(`/proc/${thread}/fd/${descriptor}`, 'buffer');
  } catch {
    return undefined;
  }
}

const writeNumbers = (stat: Stat): string => fields.map((field) => stat[field].toString(16)).join('.');

function readNumbers(text: string): Stat {
  const numbers = text
    .split('.')
    .map((hex) => (hex.startsWith('-') ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`)));
  return Object.fromEntries(fields.map((field, at) => [field, numbers[at] ?? 0n])) as Stat; // every field is in `fields`
}
