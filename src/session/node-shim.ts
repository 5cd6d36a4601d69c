// A program named `node` at the front of the PATH, for a Node that is started without what leads it to the
// session: task runners (turbo, bazel) empty the environment, scripts set a NODE_OPTIONS of their own
// (`NODE_OPTIONS=--inspect next dev`). It gives those back and becomes the next `node` of the PATH.

import fs from 'node:fs';
import path from 'node:path';
import { sessionVariable, shimFolder } from '../policy/layer-settings.ts';
import { nodeOption } from '../policy/node-options.ts';
import { distFolder } from './dist.ts';

/** The loader, which lies beside this code in dist/. */
export const loaderFile = path.join(distFolder, 'register.cjs');

/** @param folder the session's; where programs may not be executed (a noexec mount) the shim is passed over */
export function makeNodeShim(folder: string): void {
  const own = path.join(folder, shimFolder);
  fs.mkdirSync(own);
  fs.writeFileSync(path.join(own, 'node'), script(folder, own, nodeOption(loaderFile)), { mode: 0o700 });
}

/** @returns a PATH on which the shim is found first */
export function withShim(searchPath: string | undefined, folder: string): string {
  return [path.join(folder, shimFolder), searchPath].filter(Boolean).join(':');
}

function script(folder: string, own: string, option: string): string {
  return `#!/bin/sh
# mirrord: brings the Node that is started here into its session.
own=${quoted(own)} option=${quoted(option)}
case $NODE_OPTIONS in *"$option"*) ;; *) export NODE_OPTIONS="\${NODE_OPTIONS:+$NODE_OPTIONS }$option" ;; esac
export ${sessionVariable}="\${${sessionVariable}:-"${folder}"}"
path=:$PATH:
while :; do
  case $path in *":$own:"*) path=\${path%%":$own:"*}:\${path#*":$own:"} ;; *) break ;; esac
done
path=\${path#:}
export PATH="\${path%:}"
exec node "$@"
`;
}

/** For a shell; nothing in single quotes is special. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
