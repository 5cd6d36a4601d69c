#!/usr/bin/env node
// The command line: names the commands and their flags, and turns what goes wrong into a line and a code.

import { Command, Option } from 'commander';
import { type EnvOptions, showEnvironment } from './cli/env.ts';
import { exec } from './cli/exec.ts';
import { type LayerChoice, layerChoices } from './cli/layer.ts';
import { outliveTerminal, reportError } from './cli/report.ts';
import { runProxyProcess, startProxyProcess } from './cli/start-proxy.ts';
import { StartStopped } from './cli/start-signal.ts';
import type { Flags } from './config/flags.ts';
import { productVersion } from './protocol/hello.ts';

const program = new Command('mirrord')
  .description('Runs a local program as if it ran inside a pod of your Kubernetes cluster.')
  .version(productVersion)
  .enablePositionalOptions()
  .showHelpAfterError('(mirrord --help shows the commands)');

sessionOptions(
  program
    .command('exec')
    .description('run a program inside a pod')
    .usage('-t deployment/NAME [flags] -- PROGRAM [ARGUMENTS...]')
    .argument('<program>', 'the program to run')
    .argument('[arguments...]', 'its arguments')
    .passThroughOptions(),
)
  .option('--steal', 'the program answers the requests to the ports that it listens on')
  .option('--replicas <number>', "how many of the target's pods the requests come from (default: all)")
  .option('--fs-mode <mode>', "read (the pod's files, writing stays local), write, local or localwithoverrides")
  .option('--no-remote-dns', 'resolve names on this machine')
  .option('--no-outgoing', 'outgoing connections leave from this machine')
  .option('--no-tcp-outgoing', 'outgoing TCP connections leave from this machine')
  .option('--no-udp-outgoing', 'outgoing UDP datagrams leave from this machine')
  .option('--skip-processes <names>', 'programs that stay on this machine; a list with ";"')
  .addOption(
    new Option('--layer <layer>', 'how the program is reached, where it is no Node program').choices(layerChoices),
  )
  .action((command: string, args: string[], { layer, ...options }: CommanderFlags & { layer?: LayerChoice }) =>
    exec(command, args, toFlags(options), layer),
  );

sessionOptions(
  program.command('env').description('show the variables that a program gets inside a pod, and where each comes from'),
)
  .option('--values', 'show the values as well')
  .addOption(new Option('-o, --output <format>', 'with values, to be read by programs').choices(['json', 'dotenv']))
  .action((options: CommanderFlags & EnvOptions) => showEnvironment(toFlags(options), options));

program.command('start-proxy', { hidden: true }).action(startProxyProcess);
program.command('run-proxy', { hidden: true }).action(runProxyProcess);

/** The flags of every command that starts an agent. */
function sessionOptions(command: Command): Command {
  return command
    .option(
      '-t, --target <kind/name>',
      'KIND/NAME, with /container/NAME where there are several; pod, deployment, statefulset, service …',
    )
    .option('-n, --target-namespace <name>', "the target's namespace (default: the context's)")
    .option('-k, --key <key>', "the session's key, for templates of the configuration file")
    .option('-f, --config-file [path]', 'configuration file (without a path: .mirrord/mirrord.json)')
    .option('--context <name>', 'kubeconfig context')
    .option('-s, --override-env-vars-include <names>', 'only these variables of the pod; a list with ";", * and ?')
    .option('-x, --override-env-vars-exclude <names>', 'not these variables of the pod')
    .option('--env-file <path>', "variables that beat the pod's, as a dotenv file")
    .option('-a, --agent-namespace <name>', "the agent's namespace (default: the target's)")
    .option('-i, --agent-image <image>', "the agent's image")
    .option('-l, --agent-log-level <level>', "the agent's log level")
    .option('--agent-startup-timeout <seconds>', 'how long the agent may take to start (default: 60)')
    .option('-c, --accept-invalid-certificates', 'do not verify the certificate of the API server');
}

/** Commander gives a `--no-x` flag as `x: false`; a command may not have it. */
type CommanderFlags = Omit<Flags, 'noRemoteDns' | 'noOutgoing' | 'noTcpOutgoing' | 'noUdpOutgoing'> & {
  readonly remoteDns?: boolean;
  readonly outgoing?: boolean;
  readonly tcpOutgoing?: boolean;
  readonly udpOutgoing?: boolean;
};

function toFlags({ remoteDns, outgoing, tcpOutgoing, udpOutgoing, ...flags }: CommanderFlags): Flags {
  return {
    ...flags,
    ...(remoteDns === false && { noRemoteDns: true }),
    ...(outgoing === false && { noOutgoing: true }),
    ...(tcpOutgoing === false && { noTcpOutgoing: true }),
    ...(udpOutgoing === false && { noUdpOutgoing: true }),
  };
}

outliveTerminal();
program.parseAsync().catch((error: unknown) => {
  // Not by itself: an open stdin or a kept-alive connection would hold a process that has nothing left to do.
  if (error instanceof StartStopped) process.exit();
  reportError(error);
  process.exit(1);
});
