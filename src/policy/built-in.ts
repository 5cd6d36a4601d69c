// The built-in lists of the path rules, as plain data: paths.ts makes its expressions from them, and the
// native layers get them as tables in their generated header (scripts/native-header.ts).

/** Logins of this machine: a program that is in the pod must not find them. Prefixes under the home folder. */
export const hiddenInHome = ['/.config/gcloud', '/.kube', '/.azure'];

/** Read from the pod although they lie in local trees. */
export const remoteFiles = ['/etc/resolv.conf', '/etc/hosts', '/etc/hostname'];
export const remoteTrees = ['/etc/ssl/certs'];

/** Trees of the system. All lists of local paths ignore case. */
export const localTrees = [
  ...['/proc', '/sys', '/lib', '/etc', '/usr', '/home', '/bin', '/sbin', '/dev', '/opt', '/tmp', '/snap', '/run'],
  ...['/selinux', '/nix', '/var/tmp', '/var/db/timezone/zoneinfo'],
];

/** Anywhere in the path; of a pair, one behind the other. */
export const localParts: readonly (readonly [string] | readonly [string, string])[] = [
  ['/node_modules'],
  ['.asdf/'],
  ['clr-', '-pipe-'],
];

/** The last part of the path. */
export const localNames = [
  ...['venv.cfg', 'jvm.cfg', 'package.json', '.yarnrc', '.yarnrc.yml', '.yarnrc.json', '.tool-versions'],
];

/**
 * Endings of files that language runtimes load. The second line is ours: mirrord leaves Node's module files to
 * the working directory and node_modules.
 */
export const localSuffixes = [
  ...['.so', '.sh', '.rb', '.d', '.pyc', '.py', '.jar', '.class', '.js', '.pth', '.plist', '.pdb', '.dll'],
  ...['.mjs', '.cjs', '.mts', '.cts', '.ts', '.tsx', '.jsx', '.node', '.wasm', '.map'],
];
