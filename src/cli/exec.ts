// `mirrord exec`: starts a session, runs the program in it, and ends both together. The session's proxy is
// this process.

import path from 'node:path';
import type { Flags } from '../config/flags.ts';
import { resolveConfig } from '../config/resolve.ts';
import type { EnvironmentConfig } from '../config/session-config.ts';
import { MirrordError } from '../errors.ts';
import { sessionVariable, supervisorSocket, takeVariable } from '../policy/layer-settings.ts';
import { preloadFile, preloadVariable, withPreload } from '../policy/native-layer.ts';
import { nodeOption } from '../policy/node-options.ts';
import { distFolder } from '../session/dist.ts';
import { loaderFile, withShim } from '../session/node-shim.ts';
import { type Session, startSession } from '../session/session.ts';
import { launcher } from '../session/supervision.ts';
import { findProgram, type LayerChoice } from './layer.ts';
import { endAs, type Outcome, runProgram } from './program.ts';
import { report } from './report.ts';
import { startSignal } from './start-signal.ts';

/** A Node program that has not joined by then is one that we do not reach. */
const joinTimeoutMs = 10_000;

export async function exec(
  command: string,
  args: readonly string[],
  flags: Flags,
  layer: LayerChoice = 'auto',
): Promise<void> {
  const config = resolveConfig({ flags, env: process.env, cwd: process.cwd() });
  const start = startSignal();
  let joined = false;
  const session = await startSession({
    config,
    report,
    signal: start.signal,
    onLayers: () => {
      joined = true;
    },
  }).finally(start.stop);
  const unreached = whyUnreached(command, layer);
  const late = setTimeout(() => joined || unreached === undefined || report(unreached), joinTimeoutMs);
  void session.lost.then((error) => process.stderr.write(error.format()));
  let outcome: Outcome;
  try {
    const env = programEnvironment(session, config.feature.env);
    outcome = await runProgram(...underLayer(layer, command, args, env, session), env);
    if (!joined && late.hasRef() && unreached !== undefined) report(unreached);
  } finally {
    clearTimeout(late);
    await session.close();
  }
  endAs(outcome);
}

/** The command as it is, or the launcher that starts it under the supervisor. */
function underLayer(
  choice: LayerChoice,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { folder }: Session,
): [command: string, args: readonly string[]] {
  const found = findProgram(command, env.PATH ?? '');
  if (found === undefined || (choice === 'auto' ? found.layer : choice) !== 'seccomp') return [command, args];
  const launch = launcher();
  if (launch !== undefined) {
    // One layer for a program and all that it starts: these stay supervised, whatever they are linked to.
    delete env[preloadVariable];
    return [launch, [path.join(folder, supervisorSocket), found.file, command, ...args]];
  }
  if (choice === 'auto') return [command, args];
  throw new MirrordError('SUPERVISOR_UNAVAILABLE', 'Programs are supervised on Linux only, on x86-64 and arm64.', {
    help: 'Node programs run inside the pod on every system; they do not need --layer.',
  });
}

/** Our own variables and the pod's, and what brings the loader into every Node process below. */
function programEnvironment(
  { folder, environment, startFiles }: Session,
  { loadFromProcess }: EnvironmentConfig,
): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env };
  if (loadFromProcess) {
    env[takeVariable] = '1';
  } else {
    for (const { name, value } of environment.set) env[name] = value;
    for (const name of environment.unset) delete env[name];
    for (const { name, copy } of startFiles) env[name] = copy;
  }
  env.NODE_OPTIONS = [env.NODE_OPTIONS, nodeOption(loaderFile)].filter(Boolean).join(' ');
  env.PATH = withShim(env.PATH, folder);
  env[sessionVariable] = folder;
  const preload = preloadFile(distFolder);
  if (preload !== undefined) env[preloadVariable] = withPreload(env[preloadVariable], preload);
  return env;
}

/** What to say when no layer has joined; undefined for a program that joins only when it needs something of the pod. */
function whyUnreached(command: string, choice: LayerChoice): string | undefined {
  const found = findProgram(command, process.env.PATH ?? '')?.layer ?? 'none';
  if (found === 'loader') return `"${command}" has the pod's environment only: no Node program has joined the session.`;
  if (found === 'none')
    return `"${command}" has the pod's environment only: no layer of mirrord can be loaded into it.`;
  if (found === 'seccomp' && choice !== 'preload') return undefined;
  if (preloadFile(distFolder) !== undefined) return undefined;
  return `"${command}" has the pod's environment only: this build of mirrord has no native layer for ${process.platform}-${process.arch}.`;
}
