// Who runs the session, for other developers who want the same port of the pod: a name and a machine.

import os from 'node:os';

/** @param env USER and HOSTNAME say it where they are set; they can differ from what the system knows */
export function developer(env: NodeJS.ProcessEnv = process.env): { readonly user: string; readonly host: string } {
  return { user: env.USER || systemUser(), host: env.HOSTNAME || os.hostname() };
}

/** A container's user need not have a name. */
function systemUser(): string {
  try {
    return os.userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
