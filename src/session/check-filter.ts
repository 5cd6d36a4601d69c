// Refuses a filter that cannot be applied before anything is started for it.

import type { SessionConfig } from '../config/session-config.ts';
import { MirrordError } from '../errors.ts';

/** @throws MirrordError `CONFIG_INVALID` with what is wrong with a pattern or query */
export async function checkFilter({ feature }: SessionConfig): Promise<void> {
  const { filter } = feature.network.incoming.httpFilter;
  if (filter === undefined) return;
  // The engines are loaded by those who have a filter only.
  const { compileFilter } = await import('../protocol/http-filter/compile.ts');
  try {
    compileFilter(filter);
  } catch (error) {
    throw new MirrordError('CONFIG_INVALID', `The HTTP filter cannot be used: ${(error as Error).message}.`, {
      help: 'docs/incoming.md says which regular expressions and JSONPath queries there are.',
      cause: error,
    });
  }
}
