// Which file is the pod's and which is this machine's. The order and the built-in lists are mirrord's
// (shared rules, see docs/files.md), widened where a Node program needs its own files to stay local.

import {
  hiddenInHome,
  localNames,
  localParts,
  localSuffixes,
  localTrees,
  remoteFiles,
  remoteTrees,
} from './built-in.ts';

/** The rules of one session, as JSON: the proxy computes them once, every layer applies the same. */
export interface PathRules {
  /**
   * `read`: the pod's files are read, writing stays local. `write`: both go to the pod. `local`: every file
   * is local. `localwithoverrides`: local, but for what a pattern or a built-in rule says is remote.
   */
  readonly mode: 'read' | 'write' | 'local' | 'localwithoverrides';
  /** Regular expressions (case-insensitive, unanchored) over the absolute path. */
  readonly readWrite: readonly string[];
  readonly readOnly: readonly string[];
  readonly local: readonly string[];
  readonly notFound: readonly string[];
  /** Pattern and replacement pairs ($1 groups), applied before everything else; the first match counts. */
  readonly mapping: readonly (readonly [pattern: string, replacement: string])[];
}

/** The folders of this machine that the program itself lives in. */
export interface LocalPlaces {
  readonly home: string;
  readonly temporary: string;
  /** Local with all that is below: the working directory, the project, the folder of the node binary. */
  readonly roots: readonly string[];
}

/** Where an access goes, and the path to use there. `notFound` is an ENOENT without asking anybody. */
export interface PathDecision {
  readonly where: 'local' | 'remote' | 'notFound';
  readonly path: string;
}

export type PathPolicy = (path: string, access: 'read' | 'write') => PathDecision;

/** Read from the pod although they lie in local trees. */
const builtInRemote = new RegExp(`^(?:${remoteFiles.map(literal).join('|')})$|^(?:${trees(remoteTrees)})`, 'i');

const builtInLocal = new RegExp(
  [
    `^(?:${trees(localTrees)})`,
    '^/$',
    ...localParts.map((parts) => parts.map(literal).join('.*')),
    `/(?:${localNames.map(literal).join('|')})$`,
    `(?:${localSuffixes.map(literal).join('|')})$`,
  ].join('|'),
  'i',
);

/** Decisions are remembered, since a program asks for the same few paths again and again. */
const rememberedPaths = 4096;

/**
 * Makes the function that decides for each path.
 * @throws SyntaxError for an invalid regular expression
 */
export function createPathPolicy(rules: PathRules, places: LocalPlaces): PathPolicy {
  const mapping = rules.mapping.map(([pattern, replacement]) => [new RegExp(pattern, 'i'), replacement] as const);
  const notFound = anyOf(rules.notFound);
  const readWrite = anyOf(rules.readWrite);
  const readOnly = anyOf(rules.readOnly);
  const local = anyOf(rules.local);
  const roots = places.roots.filter((root) => root !== '/').map((root) => `${root}/`);
  // Node resolves symlinks of its own modules from the root down, so the folders on the way are local too.
  const ancestors = new Set(roots.flatMap((root) => root.split('/').map((_, i, parts) => parts.slice(0, i).join('/'))));
  const hidden = hiddenInHome.map((path) => places.home + path);

  const isLocalPlace = (path: string): boolean =>
    ancestors.has(path) ||
    roots.some((root) => path.startsWith(root) || path === root.slice(0, -1)) ||
    path.startsWith(`${places.temporary}/`) ||
    path.startsWith(`${places.home}/.`) ||
    builtInLocal.test(path);

  const decide = (asked: string, access: 'read' | 'write'): PathDecision => {
    const path = map(normalize(asked));
    const use = path === normalize(asked) ? asked : path;
    if (rules.mode === 'local') return { where: 'local', path: use };
    if (!path.startsWith('/')) return { where: notFound.test(path) ? 'notFound' : 'local', path: asked };
    if (notFound.test(path)) return { where: 'notFound', path: use };
    if (readWrite.test(path)) return { where: 'remote', path: use };
    if (readOnly.test(path)) return { where: access === 'read' ? 'remote' : 'local', path: use };
    if (local.test(path)) return { where: 'local', path: use };
    if (hidden.some((prefix) => path.startsWith(prefix))) return { where: 'notFound', path: use };
    if (access === 'read' && builtInRemote.test(path)) return { where: 'remote', path: use };
    return { where: isLocalPlace(path) || !remoteByMode(access) ? 'local' : 'remote', path: use };
  };

  const remoteByMode = (access: 'read' | 'write') =>
    rules.mode === 'write' || (rules.mode === 'read' && access === 'read');

  const map = (path: string): string => {
    for (const [pattern, replacement] of mapping) {
      if (pattern.test(path)) return path.replace(pattern, replacement);
    }
    return path;
  };

  const remembered = { read: new Map<string, PathDecision>(), write: new Map<string, PathDecision>() };
  return (path, access) => {
    const known = remembered[access].get(path);
    if (known !== undefined) return known;
    const decision = decide(path, access);
    if (remembered[access].size >= rememberedPaths) remembered[access].clear();
    remembered[access].set(path, decision);
    return decision;
  };
}

/** An expression for these folders and all that is below. */
function trees(paths: readonly string[]): string {
  return `(?:${paths.map(literal).join('|')})(?:/|$)`;
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** One expression for a list of patterns; an empty list matches nothing. */
function anyOf(patterns: readonly string[]): RegExp {
  return patterns.length === 0 ? /(?!)/ : new RegExp(patterns.map((pattern) => `(?:${pattern})`).join('|'), 'i');
}

/** Removes `//`, `.`, `..` and a trailing slash by the text alone, for the decision; the real path is passed on. */
function normalize(path: string): string {
  if (!/\/(?:\/|\.\.?(?:\/|$))|.\/$/.test(path)) return path;
  const absolute = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || !absolute) parts.push(part);
  }
  return (absolute ? '/' : '') + parts.join('/');
}
