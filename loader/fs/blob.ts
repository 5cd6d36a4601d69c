// openAsBlob: its binding (blob) is not within reach, so a file of the pod is copied here first, and Node makes the
// Blob of the copy.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import type { FilesContext } from './context.ts';
import { plainPath, route } from './paths.ts';

export function replaceBlob({ session, policy }: FilesContext): void {
  const { openAsBlob } = fs;
  if (openAsBlob === undefined) return;
  fs.openAsBlob = async (asked, options) => {
    const way = route(policy, plainPath(asked), 'read');
    if (way.to !== 'remote') return openAsBlob(asked, options);
    // The Blob reads when it is asked, so the copy stays until the session's folder goes.
    const copy = path.join(fs.mkdtempSync(path.join(session.folder, 'blob-')), 'file');
    try {
      await fs.promises.copyFile(asked, copy);
    } catch {
      return openAsBlob(asked, options); // which says in Node's words that there is none
    }
    return openAsBlob(copy, options);
  };
  syncBuiltinESMExports();
}
