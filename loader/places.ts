// The folders of this machine that the program itself lives in: its modules and its project stay local.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { LocalPlaces } from '../src/policy/paths.ts';

/** Called before files are replaced, since it looks at this machine's. */
export function localPlaces(sessionFolder: string): LocalPlaces {
  const home = process.env.HOME ?? os.homedir();
  const cwd = process.cwd();
  const script = process.argv[1] === undefined ? cwd : path.dirname(realPath(path.resolve(process.argv[1])));
  const roots = [cwd, realPath(cwd), projectOf(cwd, home), projectOf(script, home), script];
  return {
    home,
    temporary: os.tmpdir(),
    roots: [...new Set([...roots, path.dirname(process.execPath), sessionFolder, ownFolder()])],
  };
}

/** The outermost folder with a package.json above (a workspace's root), short of `/` and the home folder. */
function projectOf(folder: string, home: string): string {
  let project = folder;
  for (let at = folder; at !== path.dirname(at) && at !== home; at = path.dirname(at)) {
    if (fs.existsSync(path.join(at, 'package.json'))) project = at;
  }
  return project;
}

function realPath(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}

/** Where this file lies: in node_modules or, for those who work on mirrord, in its checkout. */
function ownFolder(): string {
  return __dirname;
}
