// Renders a configuration file's templates. mirrord uses Tera; what its configurations use of it, nunjucks reads
// alike: {{ key }}, {{ git_branch }}, get_env(name=, default=), filters, {% if %}, {% for %}, {% set %}, {# … #}.

import fs from 'node:fs';
import nodeModule from 'node:module';
import path from 'node:path';
import { MirrordError } from '../errors.ts';

export type TemplateValues = { readonly key: string; readonly git_branch: string | undefined };

/** What we use of nunjucks, which comes without types. */
type Nunjucks = {
  readonly Environment: new (
    loader: null,
    options: { readonly autoescape: boolean; readonly throwOnUndefined: boolean },
  ) => {
    addGlobal(name: string, value: unknown): void;
    addFilter(name: string, filter: (value: unknown, named: Named) => unknown): void;
    renderString(text: string, values: object): string;
  };
};

/** `f(name="x")` calls f with this. */
type Named = { readonly name?: string; readonly default?: string; readonly value?: unknown } & {
  readonly from?: string;
  readonly to?: string;
};

export function hasTemplates(text: string): boolean {
  return /\{\{|\{%|\{#/.test(text);
}

/** @throws MirrordError `CONFIG_INVALID` for what is wrong in a template, or has no value and no default */
export function renderTemplate(text: string, name: string, values: TemplateValues, env: NodeJS.ProcessEnv): string {
  // Loaded here, and not bundled: it takes 25 ms, and few files have templates.
  const { Environment } = nodeModule.createRequire(import.meta.url)('nunjucks') as Nunjucks;
  const environment = new Environment(null, { autoescape: false, throwOnUndefined: true });
  environment.addGlobal('get_env', (named: Named) => variable(named, env));
  // Tera's filters name their arguments.
  environment.addFilter('default', (value, named) => value ?? named.value);
  environment.addFilter('replace', (value, { from = '', to = '' }) => String(value).replaceAll(from, to));
  try {
    return environment.renderString(text, values);
  } catch (error) {
    throw templateError(name, error);
  }
}

function variable({ name, default: fallback }: Named, env: NodeJS.ProcessEnv): string {
  const value = env[String(name)] ?? fallback;
  if (value === undefined) throw new Error(`the variable ${name} is not set, and get_env has no default`);
  return value;
}

/** nunjucks: "(unknown path) [Line 1, Column 4]\n  what is wrong". */
function templateError(name: string, error: unknown): MirrordError {
  const message = error instanceof Error ? error.message : String(error);
  const [, line, column] = /\[Line (\d+), Column (\d+)\]/.exec(message) ?? [];
  const where = line === undefined ? name : `${name}:${line}:${column}`;
  const reason = message.split('\n').at(-1)?.replace('Error: ', '').trim();
  const what = reason === 'attempted to output null or undefined value' ? 'it has no value' : reason;
  return new MirrordError('CONFIG_INVALID', `${where}: the template cannot be rendered (${what}).`, {
    help: 'Give it a value or a default: {{ get_env(name="USER", default="me") }}, {{ git_branch | default(value="main") }}.',
    cause: error,
  });
}

/** The branch of the repository around a folder; undefined outside of one, and on no branch. */
export function gitBranch(cwd: string, env: NodeJS.ProcessEnv): string | undefined {
  if (env.MIRRORD_BRANCH_NAME) return env.MIRRORD_BRANCH_NAME;
  for (let folder = cwd; ; folder = path.dirname(folder)) {
    const head = readIfThere(path.join(gitFolder(folder), 'HEAD'));
    if (head !== undefined) return /^ref: refs\/heads\/(.+)$/m.exec(head)?.[1];
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** In a worktree, `.git` is a file that names the folder. */
function gitFolder(folder: string): string {
  const dotGit = path.join(folder, '.git');
  const elsewhere = /^gitdir: (.+)$/m.exec(readIfThere(dotGit) ?? '')?.[1];
  return elsewhere === undefined ? dotGit : path.resolve(folder, elsewhere);
}

function readIfThere(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
