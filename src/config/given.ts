// A setting given by a flag or an environment variable, read as what it must be. The messages name the
// flag or the variable, so that the developer knows which of the places to correct.

import { MirrordError } from '../errors.ts';

/** A value and the flag or variable it came from. */
export type Given = { readonly value: string; readonly source: string };

/** The flag if it is there, else the variable; an empty variable is not there. */
export function given(
  flag: string | number | undefined,
  flagName: string,
  env: NodeJS.ProcessEnv,
  variable: string,
): Given | undefined {
  if (flag !== undefined) return { value: String(flag), source: flagName };
  return givenVariable(env, variable);
}

export function givenVariable(env: NodeJS.ProcessEnv, variable: string): Given | undefined {
  const value = env[variable];
  return value === undefined || value === '' ? undefined : { value, source: variable };
}

export function asBoolean(setting: Given | undefined): boolean | undefined {
  if (setting === undefined) return undefined;
  if (/^(true|1|yes)$/i.test(setting.value)) return true;
  if (/^(false|0|no)$/i.test(setting.value)) return false;
  throw wrong(setting, 'true or false');
}

/** @param later values that mirrord has and this version does not */
export function asChoice<const Value extends string>(
  setting: Given | undefined,
  values: readonly Value[],
  later: readonly string[] = [],
): Value | undefined {
  if (setting === undefined) return undefined;
  const found = values.find((value) => value === setting.value);
  if (found !== undefined) return found;
  if (later.includes(setting.value)) throw unsupported(setting);
  throw wrong(setting, values.join(', '));
}

export function asReplicas(setting: Given | undefined): 'all' | number | undefined {
  if (setting === undefined) return undefined;
  if (setting.value === 'all') return 'all';
  if (/^[1-9]\d{0,3}$/.test(setting.value)) return Number(setting.value);
  throw wrong(setting, 'all, or a number from 1 on');
}

export function asSeconds(setting: Given | undefined): number | undefined {
  if (setting === undefined) return undefined;
  if (/^[1-9]\d{0,6}$/.test(setting.value)) return Number(setting.value);
  throw wrong(setting, 'a whole number of seconds, at least 1');
}

/** `;` separates, as in mirrord. */
export function asList(setting: Given | undefined): string[] | undefined {
  return setting?.value.split(';').filter((item) => item !== '');
}

/** `9229`, `9229-9240`, several separated by commas. */
export function asPortRanges(setting: Given | undefined): (readonly [from: number, to: number])[] | undefined {
  return setting?.value.split(',').map((range) => {
    const [, from, to = from] = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(range) ?? [];
    if (from === undefined || Number(from) > Number(to) || Number(to) > 65535) {
      throw wrong(setting, 'ports, as 9229 or 9229-9240, separated by commas');
    }
    return [Number(from), Number(to)] as const;
  });
}

/** `HOST:PORT`, an IPv6 address in brackets. */
export function asAddress(setting: Given | undefined): { host: string; port: number } | undefined {
  if (setting === undefined) return undefined;
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(setting.value) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || !(port >= 1 && port <= 65535)) throw wrong(setting, 'HOST:PORT');
  return { host, port };
}

export function unsupported({ source, value }: Given): MirrordError {
  return new MirrordError('CONFIG_UNSUPPORTED', `${source}=${value}: this version does not support that yet.`, {
    help: `Leave ${source} out to go on without it; docs/configuration.md says what there is instead.`,
  });
}

function wrong({ source, value }: Given, must: string): MirrordError {
  return new MirrordError('CONFIG_INVALID', `${source} must be ${must}, not "${value}".`, {
    help: 'docs/configuration.md lists the settings and their values.',
  });
}
