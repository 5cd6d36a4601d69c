// The calls on files, by name: each file of this folder brings its own.

import type { Addon } from '../addon.ts';
import type { Handler } from '../call.ts';
import { changeHandlers } from './changes.ts';
import { getdents64 } from './folder.ts';
import { openHandlers } from './open.ts';
import { pathHandlers } from './paths.ts';
import { statHandlers } from './stat.ts';

export function fileHandlers(addon: Addon): Readonly<Record<string, Handler>> {
  return {
    ...openHandlers(addon),
    ...statHandlers(addon),
    ...pathHandlers(addon),
    ...changeHandlers,
    getdents64: getdents64(addon),
  };
}
