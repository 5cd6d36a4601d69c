// Calls with two paths: both in the pod is a message, both here is Node's own, and across the border a copy
// streams while a rename or a hard link is EXDEV, as between two file systems.

import fs from 'node:fs';
import type { BindingFunction } from '../bindings.ts';
import { systemError } from '../errors.ts';
import { complete, completeHere, completeLater } from './complete.ts';
import { type FilesContext, replace } from './context.ts';
import { define } from './operations.ts';
import { type PathArgument, type Route, route } from './paths.ts';
import { toBytes } from './write-operations.ts';

export function replaceTwoPaths(context: FilesContext): void {
  /** rename(from, to, req) */
  twoPaths(context, 'rename', 'write', 2, refuseAcross('rename'));
  /** link(from, to, req) */
  twoPaths(context, 'link', 'write', 2, refuseAcross('link'));
  /** copyFile(from, to, mode, req) */
  twoPaths(context, 'copyFile', 'read', 3, copyAcross);
}

type Across = (from: PathArgument, to: PathArgument, mode: number, request: unknown) => unknown;

function twoPaths(
  context: FilesContext,
  name: 'rename' | 'link' | 'copyFile',
  fromAccess: 'read' | 'write',
  requestAt: 2 | 3,
  across: Across,
): void {
  replace(
    name,
    (original: BindingFunction) =>
      function (...args) {
        const from = route(context.policy, args[0], fromAccess);
        const to = route(context.policy, args[1], 'write');
        const request = args[requestAt];
        if (from.to === 'local' && to.to === 'local') {
          return original.call(this, from.path, to.path, ...args.slice(2));
        }
        if (from.to === 'remote' && to.to === 'remote') {
          const both = { from: from.path.bytes, to: to.path.bytes };
          const mode = name === 'copyFile' ? (args[2] as number) : 0;
          return complete(context.session, request, {
            // `mode` is copyFile's alone; the others do not have the field and leave it out.
            ...define({
              message: name,
              request: { ...both, mode },
              syscall: name.toLowerCase(),
              result: () => undefined,
            }),
            path: from.path.shown,
            dest: to.path.shown,
          });
        }
        return across(shownPath(from), shownPath(to), args[2] as number, request);
      },
  );
}

function refuseAcross(syscall: string): Across {
  return (from, to, _mode, request) =>
    completeHere(request, () => {
      throw systemError('EXDEV', syscall, from, to);
    });
}

/** Copies through this process with Node's own calls, which go to either side. */
const copyAcross: Across = (from, to, mode, request) => {
  const flag = (mode & fs.constants.COPYFILE_EXCL) === 0 ? 'w' : 'wx';
  const source = toBytes(from);
  const target = toBytes(to);
  if (request === undefined) {
    fs.writeFileSync(target, fs.readFileSync(source), { flag, mode: fs.statSync(source).mode });
    return undefined;
  }
  return completeLater(request, streamAcross(source, target, flag));
};

async function streamAcross(source: Buffer, target: Buffer, flag: string): Promise<void> {
  const { pipeline } = require('node:stream/promises') as typeof import('node:stream/promises');
  const { mode } = await fs.promises.stat(source);
  await pipeline(fs.createReadStream(source), fs.createWriteStream(target, { flags: flag, mode }));
}

function shownPath(way: Route): PathArgument {
  return way.to === 'remote' ? way.path.shown : way.path;
}
