// Finds and reads the configuration file: `-f PATH`, `-f` alone, `-f -`, MIRRORD_CONFIG_FILE. Without any
// of them no file is read. The format goes by the extension, as in mirrord.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { parse as parseToml, TomlError } from 'smol-toml';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import { MirrordError } from '../errors.ts';
import { checkSettings } from './check.ts';
import { jsonErrorPosition } from './json.ts';
import type { FileSettings } from './schema.ts';
import { gitBranch, hasTemplates, renderTemplate } from './template.ts';

const defaultPath = '.mirrord/mirrord.json';

export type ConfigFile = {
  readonly settings: FileSettings;
  /** Tells this session from others in templates: the developer's, the file's, or a new one. */
  readonly key: string;
  /** True: the key is new, and the file's templates have used it. */
  readonly newKeyUsed: boolean;
};

/**
 * @param flag the value of `-f`: a path, `-` for standard input, true when it stands alone
 * @param key the developer's, which beats the file's
 * @throws MirrordError `CONFIG_NOT_FOUND`, `CONFIG_INVALID` or `CONFIG_UNSUPPORTED`
 */
export function readConfigFile(
  flag: string | true | undefined,
  key: string | undefined,
  cwd: string,
  env: NodeJS.ProcessEnv,
): ConfigFile {
  const name = flag === true ? defaultPath : (flag ?? env.MIRRORD_CONFIG_FILE);
  if (name === undefined || name === '') return { settings: {}, key: key ?? newKey(), newKeyUsed: false };
  const text = name === '-' ? readFileSync(0, 'utf8') : readText(resolve(cwd, name), name);
  return parseConfig(text, name === '-' ? 'standard input' : name, key, cwd, env);
}

/**
 * Renders and parses a configuration file's text; `name` gives the format and is named in the messages.
 * As in mirrord, the file's own `key` is read first, and may be used in the rest of it.
 */
export function parseConfig(
  text: string,
  name: string,
  givenKey: string | undefined,
  cwd: string,
  env: NodeJS.ProcessEnv,
): ConfigFile {
  if (!hasTemplates(text)) {
    const settings = parseSettings(text, name);
    return { settings, key: givenKey ?? settings.key ?? newKey(), newKeyUsed: false };
  }
  const git_branch = gitBranch(cwd, env);
  const render = (key: string) => parseSettings(renderTemplate(text, name, { key, git_branch }, env), name);
  const fallback = newKey();
  const ownKey = givenKey ?? render(fallback).key;
  const key = ownKey ?? fallback;
  return { settings: render(key), key, newKeyUsed: ownKey === undefined && /\bkey\b/.test(text) };
}

/** Parses a text without templates. */
export function parseSettings(text: string, name: string): FileSettings {
  return checkSettings(parse(text, name), name);
}

/** Five hexadecimal digits, as mirrord's. */
function newKey(): string {
  return randomBytes(3).toString('hex').slice(1);
}

/**
 * Reads a dotenv file.
 * @throws MirrordError `CONFIG_NOT_FOUND`
 */
export function readEnvFile(path: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(readText(path, path)))) {
    if (value !== undefined) variables[name] = value;
  }
  return variables;
}

function parse(text: string, name: string): unknown {
  switch (name === 'standard input' ? '' : extname(name).toLowerCase()) {
    case '':
    case '.json':
      return parseJson(text, name);
    case '.yaml':
    case '.yml':
      return parsed(name, () => parseYaml(text) as unknown);
    case '.toml':
      return parsed(name, () => parseToml(text));
    default:
      throw new MirrordError('CONFIG_INVALID', `${name}: the format of a "${extname(name)}" file is not known.`, {
        help: 'Use .json, .toml, .yaml or .yml.',
      });
  }
}

function parseJson(text: string, name: string): unknown {
  // A byte order mark, which editors on Windows write.
  const json = text.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    const position = jsonErrorPosition(json);
    const where = position === undefined ? '' : `:${position.line}:${position.column}`;
    throw syntaxError(`${name}${where}`, 'JSON', error);
  }
}

function parsed(name: string, read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof TomlError) throw syntaxError(`${name}:${error.line}:${error.column}`, 'TOML', error);
    if (error instanceof YAMLParseError) {
      const [start] = error.linePos ?? [];
      throw syntaxError(start === undefined ? name : `${name}:${start.line}:${start.col}`, 'YAML', error);
    }
    throw syntaxError(name, 'text', error);
  }
}

function syntaxError(where: string, format: string, error: unknown): MirrordError {
  const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
  return new MirrordError('CONFIG_INVALID', `${where}: this is not valid ${format} (${reason}).`, {
    help: 'Correct the file at that place.',
    cause: error,
  });
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'There is no file' : `Reading failed (${code}):`;
    throw new MirrordError('CONFIG_NOT_FOUND', `${what} ${name}.`, {
      help: `Looked for ${path}. Name another file, or leave the setting out.`,
      cause: error,
    });
  }
}
