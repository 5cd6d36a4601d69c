// The environment variables of mirrord that this version refuses: ignoring a filter, say, would take
// everybody's requests instead of the developer's own.

import { asBoolean, givenVariable, unsupported } from './given.ts';

/** Variables of mirrord that change what a session does to others, or to the program, and that we don't have. */
const unsupportedVariables = ['MIRRORD_HTTP_HEADER_FILTER_JQ', 'MIRRORD_FILE_OPS', 'MIRRORD_FILE_RO_OPS'];

/** The same, where `false` is what this version does. */
const variablesOnlyFalse = ['MIRRORD_EPHEMERAL_CONTAINER', 'MIRRORD_MULTI_CLUSTER', 'MIRRORD_OPERATOR_ENABLE'];

/** @throws MirrordError `CONFIG_UNSUPPORTED` */
export function refuseUnsupportedVariables(env: NodeJS.ProcessEnv): void {
  for (const name of unsupportedVariables) {
    const setting = givenVariable(env, name);
    if (setting !== undefined) throw unsupported(setting);
  }
  for (const name of variablesOnlyFalse) {
    const setting = givenVariable(env, name);
    if (setting !== undefined && asBoolean(setting) === true) throw unsupported(setting);
  }
}
