// The library that brings programs which are not Node into the session, and how a process is told to load it.

import { existsSync } from 'node:fs';

/** Loaded by the dynamic linker before a program's own libraries: ld.so(8). */
export const preloadVariable = 'LD_PRELOAD';

/**
 * The library for this machine, or undefined where there is none.
 * @param folder dist/; in one whose name has a space or a colon, which separate names in the variable, it cannot be used
 */
export function preloadFile(folder: string): string | undefined {
  const file = `${folder}/native/${process.platform}-${process.arch}/mirrord_preload.so`;
  return !/[\s:]/.test(file) && existsSync(file) ? file : undefined;
}

/** The variable's value with our library first. */
export function withPreload(value: string | undefined, file: string): string {
  return [file, withoutPreload(value, file)].filter(Boolean).join(':');
}

export function withoutPreload(value: string | undefined, file: string): string {
  return (value ?? '')
    .split(/[\s:]+/)
    .filter((one) => one !== '' && one !== file)
    .join(':');
}
