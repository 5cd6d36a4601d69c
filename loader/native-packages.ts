// Packages whose native code makes system calls of its own: Node's bindings do not see those, so the developer is
// told what stays on this machine. Noticed where every native addon passes, however it is imported: process.dlopen.

import { preloadVariable } from '../src/policy/native-layer.ts';
import type { Session } from './session.ts';

/** What each does itself, in the words of the notice. */
const connections = 'its connections leave from this machine';
const files = 'the files that it opens are those of this machine';
const listening = "the ports that it listens on do not get the pod's requests";

const packages: Readonly<Record<string, string>> = {
  '.prisma/client': connections,
  '@prisma/client': connections,
  '@prisma/engines': connections,
  prisma: connections,
  'pg-native': connections,
  libpq: connections,
  'node-rdkafka': connections,
  '@confluentinc/kafka-javascript': connections,
  couchbase: connections,
  oracledb: connections,
  zeromq: connections,
  grpc: connections,
  odbc: connections,
  ibm_db: connections,
  msnodesqlv8: connections,
  'better-sqlite3': files,
  sqlite3: files,
  libsql: files,
  duckdb: files,
  'classic-level': files,
  leveldown: files,
  rocksdb: files,
  lmdb: files,
  'uWebSockets.js': listening,
};

/** In each thread. The notice is given once a session. */
export function installNativePackages({ sync }: Session): void {
  // Under `mirrord exec` the preload has the calls of native code.
  if (process.env[preloadVariable]?.includes('mirrord_preload') === true) return;
  const { dlopen } = process;
  process.dlopen = function (...args: Parameters<typeof dlopen>) {
    const notice = nativeNotice(String(args[1]));
    if (notice !== undefined) sync.call('notice', { line: notice });
    return Reflect.apply(dlopen, this, args);
  };
}

/** @param file of an addon @returns the line for the developer, when it belongs to a package of the list */
export function nativeNotice(file: string): string | undefined {
  const [, name = ''] = /.*[/\\]node_modules[/\\]((?:[.@][^/\\]+[/\\])?[^/\\]+)[/\\]/.exec(file) ?? [];
  const normal = name.replace('\\', '/');
  const known = Object.keys(packages).find((candidate) => normal === candidate || isPlatformPart(normal, candidate));
  return known === undefined
    ? undefined
    : `"${known}" has native code with system calls of its own: ${packages[known]}. "mirrord exec -- COMMAND" covers it.`;
}

/** Packages keep their addons in one package for each platform: @lmdb/lmdb-linux-x64, @duckdb/node-bindings-linux-x64. */
function isPlatformPart(name: string, known: string): boolean {
  return /-(linux|darwin|win32)-/.test(name) && name.startsWith(`@${known}/`);
}
