// Which layer reaches a program: the loader in Node, the preload where a libc is loaded, and the supervisor where
// the program makes its system calls by itself. Told from the file that the system would start.

import fs from 'node:fs';
import path from 'node:path';
import { readElf } from './elf.ts';

/** `none`: what the system cannot start either, or a program that we do not reach (32 bits). */
export type Layer = 'loader' | 'preload' | 'seccomp' | 'none';

/** The values of --layer. */
export const layerChoices = ['auto', 'preload', 'seccomp'] as const;
export type LayerChoice = (typeof layerChoices)[number];

/** A program, and the file that a shell would start for its name. */
export interface Found {
  readonly file: string;
  readonly layer: Layer;
}

/** A script's interpreter may be a script; the kernel follows so many (fs/exec.c). */
const maxInterpreters = 5;

/**
 * @param searchPath the PATH of the program's environment
 * @returns undefined when there is no such program
 */
export function findProgram(command: string, searchPath: string): Found | undefined {
  const file = findFile(command, searchPath);
  return file === undefined ? undefined : { file, layer: layerOf(file, searchPath, maxInterpreters) };
}

function layerOf(file: string, searchPath: string, left: number): Layer {
  const fd = openOrUndefined(file);
  if (fd === undefined) return 'none';
  try {
    const readAt = (offset: number, length: number) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, offset));
    };
    const interpreter = interpreterOf(readAt(0, 256).toString('latin1'), searchPath);
    if (interpreter !== undefined) return left === 0 ? 'none' : layerOf(interpreter, searchPath, left - 1);
    if (/^node(?:js)?$/.test(path.basename(fs.realpathSync(file)))) return 'loader';
    const elf = readElf(readAt);
    if (elf === undefined || elf.bits === 32) return 'none';
    return elf.isGo || !elf.hasInterpreter ? 'seccomp' : 'preload';
  } catch {
    return 'none'; // a folder, say: the start will tell
  } finally {
    fs.closeSync(fd);
  }
}

/** The program of a script's first line, behind `env` where it is that. */
function interpreterOf(text: string, searchPath: string): string | undefined {
  const [, interpreter, argument] = /^#![ \t]*(\S+)(?:[ \t]+(?:-S[ \t]*)?([^\s-]\S*))?/.exec(text) ?? [];
  if (interpreter === undefined) return undefined;
  if (path.basename(interpreter) !== 'env' || argument === undefined) return interpreter;
  return findFile(argument, searchPath) ?? interpreter;
}

function findFile(command: string, searchPath: string): string | undefined {
  if (command.includes('/')) return isProgram(command) ? command : undefined;
  return searchPath
    .split(':')
    .map((folder) => path.join(folder || '.', command))
    .find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

function openOrUndefined(file: string): number | undefined {
  try {
    return fs.openSync(file, 'r');
  } catch {
    return undefined; // a program that may be run and not read
  }
}
