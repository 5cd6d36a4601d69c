// The variables that a session's programs get: the pod's, as the configuration changes them.

import { type RemoteEnvironment, remoteEnvironment, type Variable } from '../config/environment.ts';
import { readEnvFile } from '../config/file.ts';
import type { EnvironmentConfig } from '../config/session-config.ts';
import type { Link } from '../protocol/link.ts';

export interface SessionEnvironment {
  readonly set: Variable[];
  readonly unset: string[];
  readonly leftOut: RemoteEnvironment['leftOut'];
}

/** @throws MirrordError for an env_file that cannot be read */
export async function sessionEnvironment(link: Link, config: EnvironmentConfig): Promise<SessionEnvironment> {
  const { variables: remote } = await link.request('readEnvironment', {});
  const envFile = config.envFile === undefined ? {} : readEnvFile(config.envFile);
  const { variables, unset, leftOut } = remoteEnvironment(remote, config, process.env, envFile);
  return { set: [...variables], unset: [...unset], leftOut };
}
