// Checks a parsed configuration file against the schema. Each setting is either used or refused: one that
// mirrord has and we don't as CONFIG_UNSUPPORTED, a typing mistake as CONFIG_INVALID with the nearest name.

import { closest } from 'fastest-levenshtein';
import type * as z from 'zod/mini';
import { MirrordError } from '../errors.ts';
import { otherKeys } from './other-keys.ts';
import { type FileSettings, fileSchema } from './schema.ts';

/**
 * @param source the file's name, for the messages
 * @throws MirrordError `CONFIG_UNSUPPORTED` or `CONFIG_INVALID`, naming the setting in full
 */
export function checkSettings(value: unknown, source: string): FileSettings {
  const result = fileSchema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue === undefined) throw result.error;
  throw issueError(issue, source);
}

function issueError(issue: z.core.$ZodIssue, source: string): MirrordError {
  if (issue.code === 'unrecognized_keys') {
    return unknownKeyError(issue.path, issue.keys[0] ?? '', source);
  }
  // A union's own text says all alternatives; but a wrong key inside an object deserves its name.
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.flat().find(({ code }) => code === 'unrecognized_keys');
    if (inner !== undefined) return issueError({ ...inner, path: [...issue.path, ...inner.path] }, source);
  }
  // A record's key that fails its own check, as a pattern does.
  if (issue.code === 'invalid_key') {
    const [inner] = issue.issues;
    if (inner !== undefined) return issueError({ ...inner, path: issue.path }, source);
  }
  const key = dotted(issue.path);
  const given = JSON.stringify(issue.input);
  if (issue.code === 'custom' && issue.params?.later === true) {
    return unsupported(`${source}: "${key}" is ${given}; this version does not support ${issue.message} yet.`);
  }
  const subject = key === '' ? 'the file' : `"${key}"`;
  return new MirrordError('CONFIG_INVALID', `${source}: ${subject} must be ${issue.message}, not ${given}.`, {
    help: 'docs/configuration.md lists the settings and their values.',
  });
}

function unknownKeyError(path: readonly PropertyKey[], name: string, source: string): MirrordError {
  const key = dotted([...path, name]);
  if (otherKeys.has(key)) return unsupported(`${source}: this version does not support "${key}" yet.`);
  const near = closest(key, [...supportedKeys(fileSchema, ''), ...otherKeys]);
  return new MirrordError('CONFIG_INVALID', `${source}: there is no setting "${key}".`, {
    help: `Did you mean "${near}"? docs/configuration.md lists the settings.`,
  });
}

function unsupported(message: string): MirrordError {
  return new MirrordError('CONFIG_UNSUPPORTED', message, {
    help: 'Remove it to go on without it; docs/configuration.md says what there is instead.',
  });
}

/** The dotted names that a schema accepts, leaves and groups. */
function supportedKeys(schema: z.core.$ZodType, prefix: string): string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'optional') return supportedKeys(def.innerType, prefix);
  if (def.type === 'pipe') return supportedKeys(def.out, prefix);
  if (def.type !== 'object') return [];
  return Object.entries(def.shape).flatMap(([name, inner]) => [
    `${prefix}${name}`,
    ...supportedKeys(inner, `${prefix}${name}.`),
  ]);
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}
