// `mirrord env`: the variables that a program gets inside a pod, each with where it comes from, and those that
// it does not get, each with the reason. Values are shown when they are asked for.

import type { LeftOutBecause, VariableSource } from '../config/environment.ts';
import type { Flags } from '../config/flags.ts';
import { resolveConfig } from '../config/resolve.ts';
import { findAgentPlace } from '../session/agent-site.ts';
import { type SessionEnvironment, sessionEnvironment } from '../session/environment.ts';
import { joinAgent, leaveAgent } from '../session/join-agent.ts';
import { dotenvLine } from './dotenv.ts';
import { report } from './report.ts';
import { startSignal } from './start-signal.ts';
import { tableText } from './table.ts';

export interface EnvOptions {
  readonly values?: boolean;
  readonly output?: 'json' | 'dotenv';
}

export async function showEnvironment(flags: Flags, options: EnvOptions): Promise<void> {
  const environment = await fetchEnvironment(flags);
  process.stdout.write(environmentText(environment, process.env, options));
}

/** With the agent of a session that runs, or one that is there for this question only. */
async function fetchEnvironment(flags: Flags): Promise<SessionEnvironment> {
  const config = resolveConfig({ flags, env: process.env, cwd: process.cwd() });
  for (const note of config.notes) report(note);
  const start = startSignal();
  try {
    const { pods } = await findAgentPlace(config, report);
    const agent = await joinAgent(pods[0], report, start.signal);
    try {
      return await sessionEnvironment(agent.link, config.feature.env);
    } finally {
      await leaveAgent(agent);
    }
  } catch (error) {
    start.signal.throwIfAborted();
    throw error;
  } finally {
    start.stop();
  }
}

/** @param local the developer's own variables */
export function environmentText(
  { set, unset, leftOut }: SessionEnvironment,
  local: NodeJS.ProcessEnv,
  { values = false, output }: EnvOptions,
): string {
  if (output === 'dotenv') return set.map(({ name, value }) => `${dotenvLine(name, value)}\n`).join('');
  if (output === 'json') return `${JSON.stringify({ variables: set, unset, leftOut }, undefined, 2)}\n`;
  const rows: string[][] = [
    ...set.map(({ name, value, source }) => [name, sourceText(source, local[name]), ...(values ? [shown(value)] : [])]),
    ...leftOut.map(({ name, because }) => [name, leftOutText[because]]),
    ...unset
      .filter((name) => local[name] !== undefined && leftOut.every((left) => left.name !== name))
      .map((name) => [name, 'yours; removed by "unset"']),
  ];
  rows.sort(([a = ''], [b = '']) => a.localeCompare(b));
  return tableText(['NAME', 'SOURCE', ...(values ? ['VALUE'] : [])], rows);
}

function sourceText(source: VariableSource, local: string | undefined): string {
  return local === undefined ? source : `${source}, in place of yours`;
}

const leftOutText: Readonly<Record<LeftOutBecause, string>> = {
  'never comes': "left out: it would change this machine's own tools",
  include: 'left out: not in "include"',
  exclude: 'left out: in "exclude"',
  'set locally': 'yours; a NODE_ENV that you have set stays',
  unset: 'left out: in "unset"',
};

/** On one line, whatever is in it. */
function shown(value: string): string {
  return /^[\x20-\x7e]*$/.test(value) ? value : JSON.stringify(value);
}
