// The variables that a session's programs get: the pod's, as the configuration changes them.

import fs from 'node:fs';
import { parseEnv } from 'node:util';
import { remoteEnvironment } from '../config/environment.ts';
import type { EnvironmentConfig } from '../config/session-config.ts';
import { MirrordError } from '../errors.ts';
import type { Link } from '../protocol/link.ts';

export interface SessionEnvironment {
  readonly set: { name: string; value: string }[];
  readonly unset: string[];
}

/** @throws MirrordError CONFIG_NOT_FOUND for an env_file that cannot be read */
export async function sessionEnvironment(link: Link, config: EnvironmentConfig): Promise<SessionEnvironment> {
  const { variables: remote } = await link.request('readEnvironment', {});
  const envFile = config.envFile === undefined ? {} : readEnvFile(config.envFile);
  const { variables, unset } = remoteEnvironment(remote, config, process.env, envFile);
  return { set: Object.entries(variables).map(([name, value]) => ({ name, value })), unset: [...unset] };
}

function readEnvFile(file: string): Record<string, string> {
  try {
    // Its values are strings; Node's type allows for a missing one.
    return parseEnv(fs.readFileSync(file, 'utf8')) as Record<string, string>;
  } catch (error) {
    throw new MirrordError('CONFIG_NOT_FOUND', `The env_file ${file} cannot be read: ${(error as Error).message}.`, {
      help: 'Check the path in feature.env.env_file or --env-file.',
      cause: error,
    });
  }
}
