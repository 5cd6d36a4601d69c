// The library that brings programs which are not Node into the session, and how a process is told to load it.

/** Loaded by the dynamic linker before a program's own libraries: ld.so(8). */
export const preloadVariable = 'LD_PRELOAD';

/** @param folder dist/ */
export function preloadFile(folder: string): string {
  return `${folder}/native/${process.platform}-${process.arch}/mirrord_preload.so`;
}

/** The variable's value with our library first; the separators are colon and space, so a path has neither. */
export function withPreload(value: string | undefined, file: string): string {
  const others = (value ?? '').split(/[\s:]+/).filter((one) => one !== '' && one !== file);
  return [file, ...others].join(':');
}
