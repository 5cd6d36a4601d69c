// Writing whole files: writeFileSync of a text is one call of the binding; from Node 26 on writeFile is a
// job that holds its data where nobody gets at it, so there the public functions are led to open and write.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { getBinding } from '../bindings.ts';
import { callLocally, type FilesContext, notFound, replace } from './context.ts';
import { plainPath, route } from './paths.ts';

export function replaceWriteWhole(context: FilesContext): void {
  /** writeFileUtf8(path or fd, text, flags, mode): synchronous only. */
  replace(
    'writeFileUtf8',
    (original) =>
      function (...args) {
        const [subject, text, flags, mode] = args;
        if (typeof subject === 'number') {
          if (context.descriptors.get(subject) === undefined) return original.apply(this, args);
          writeAll(subject, text as string);
          return undefined;
        }
        const way = route(context.policy, subject, 'write');
        if (way.to === 'local') return callLocally(original, this, way.path, args);
        if (way.to === 'notFound') return notFound(undefined, { syscall: 'open', path: way.path });
        const fd = fs.openSync(subject as string, flags as number, mode as number);
        try {
          writeAll(fd, text as string);
        } finally {
          fs.closeSync(fd);
        }
        return undefined;
      },
  );
  if ('WriteFileJob' in getBinding('fs')) avoidWriteFileJob(context);
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) written += fs.writeSync(fd, bytes, written);
}

/** With `flush`, Node opens, writes and syncs by calls of their own. */
function avoidWriteFileJob({ policy }: FilesContext): void {
  const flushed = (path: unknown, options: unknown): unknown => {
    if (route(policy, plainPath(path), 'write').to === 'local') return options;
    return { ...(typeof options === 'string' ? { encoding: options } : (options as object)), flush: true };
  };
  const { writeFile } = fs;
  fs.writeFile = ((path: unknown, data: unknown, options: unknown, done: unknown) => {
    const [given, callback] = typeof options === 'function' ? [undefined, options] : [options, done];
    (writeFile as (...args: unknown[]) => void)(path, data, flushed(path, given), callback);
  }) as typeof fs.writeFile;

  // (fs.appendFile calls fs.writeFile; its promise form does not.)
  for (const name of ['writeFile', 'appendFile'] as const) {
    const promised = fs.promises[name] as (...args: unknown[]) => Promise<void>;
    fs.promises[name] = (path: unknown, data: unknown, options: unknown) =>
      promised(path, data, flushed(path, options));
  }
  syncBuiltinESMExports();
}
