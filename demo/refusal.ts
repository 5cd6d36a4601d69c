// Why this machine cannot make a sandbox pod, as an error that says what to do instead.

import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { MirrordError } from '../src/errors.ts';

const otherWay = 'or use a cluster: "npm run demo -- --context NAME"';

/** PATH with the folders of the system's tools: on Debian they are not on an ordinary user's PATH. */
const toolPath = [process.env.PATH ?? '', '/usr/sbin', '/sbin'].join(delimiter);

/** For what runs these tools. */
export const toolEnvironment: NodeJS.ProcessEnv = { ...process.env, PATH: toolPath };

/** @throws MirrordError naming the missing tools, or the missing Linux */
export function checkTools(): void {
  if (process.platform !== 'linux') {
    throw refusal(
      `The sandbox pod is made of Linux namespaces; this is ${process.platform}.`,
      `Use Linux, ${otherWay}.`,
    );
  }
  const missing = ['unshare', 'nsenter', 'mount', 'pivot_root', 'ip'].filter((tool) => !isOnPath(tool));
  if (missing.length > 0) {
    throw refusal(
      `The sandbox pod needs ${missing.join(', ')}, not found on this machine.`,
      `Install util-linux and iproute2, ${otherWay}.`,
    );
  }
}

/** @param output what `unshare` and the set-up script said */
export function explainFailure(output: string): MirrordError {
  const said = output.trim().split('\n').slice(-3).join(' · ') || 'no output';
  return refusal(`The sandbox pod could not be set up: ${said}`, `${remedy(output)}, ${otherWay}.`);
}

function remedy(output: string): string {
  if (isRestrictedByAppArmor()) {
    return 'Ubuntu lets no user make namespaces here: "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"';
  }
  if (setting('kernel/unprivileged_userns_clone') === '0') {
    return 'Allow user namespaces: "sudo sysctl kernel.unprivileged_userns_clone=1"';
  }
  if (setting('user/max_user_namespaces') === '0') {
    return 'Allow user namespaces: "sudo sysctl user.max_user_namespaces=10000"';
  }
  if (/^mount: .*proc/m.test(output)) return 'This looks like a container with a masked /proc: run the demo outside it';
  return 'If this is a container, run the demo outside it';
}

const isRestrictedByAppArmor = () =>
  process.getuid?.() !== 0 && setting('kernel/apparmor_restrict_unprivileged_userns') === '1';

function setting(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name}`, 'latin1').trim();
  } catch {
    return undefined;
  }
}

function isOnPath(tool: string): boolean {
  return toolPath.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const refusal = (message: string, help: string) => new MirrordError('SESSION_FAILED', message, { help });
