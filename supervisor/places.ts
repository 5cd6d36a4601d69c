// The folders of this machine that a supervised program lives in, as the program finds them at its start.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { LocalPlaces } from '../src/policy/paths.ts';

/**
 * @param process that becomes the program
 * @param file the program's path
 */
export function localPlaces(process: number, file: string, sessionFolder: string): LocalPlaces {
  const cwd = linkOf(`/proc/${process}/cwd`) ?? '/';
  const program = path.resolve(cwd, file);
  return {
    home: globalThis.process.env.HOME ?? os.homedir(),
    temporary: os.tmpdir(),
    roots: [cwd, program, realPath(program), sessionFolder],
  };
}

function linkOf(file: string): string | undefined {
  try {
    return fs.readlinkSync(file);
  } catch {
    return undefined;
  }
}

function realPath(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}
