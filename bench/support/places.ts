// Where the built product and the bench's own programs are.

import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const cli = path.join(root, 'dist/cli.js');
export const loader = path.join(root, 'dist/register.cjs');
/** Starts a program under a session's supervisor. */
export const launcher = path.join(root, 'dist/supervisor/mirrord-seccomp-launch');
/** Brings a program with libc into a session. */
export const preload = path.join(root, 'dist/native', `${process.platform}-${process.arch}`, 'mirrord_preload.so');
/** What `--import mirrord/register` loads. */
export const importedLoader = path.join(root, 'dist/register.mjs');
export const program = (name: string): string => path.join(root, 'bench/programs', name);
export const podFile = (name: string): string => path.join(root, 'bench/pod', name);
