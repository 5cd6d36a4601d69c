// Child processes and worker threads join the session too, however the program starts them, while the
// program itself sees its own NODE_OPTIONS and variables: what leads a child to the session is added where
// processes and threads are made.

import { syncBuiltinESMExports } from 'node:module';
import type { WorkerOptions } from 'node:worker_threads';
import { type StartFile, sessionVariable, shimFolder, takeVariable } from '../src/policy/layer-settings.ts';
import { preloadFile, preloadVariable, withoutPreload, withPreload } from '../src/policy/native-layer.ts';
import { nodeOption, requireFlag } from '../src/policy/node-options.ts';
import { type BindingFunction, getBinding } from './bindings.ts';
import type { Session } from './session.ts';

/** The flag that loads this file, as an argument and as part of NODE_OPTIONS. */
const ownFlag = requireFlag(__filename);
const ownOption = nodeOption(__filename);

/** worker_threads' setEnvironmentData passes it on to every thread below, whatever its env and execArgv. */
const folderKey = 'mirrord.session';

const threads = require('node:worker_threads') as typeof import('node:worker_threads');

/** The native layer, for children that are not Node. Under the supervisor there is none: one layer for all below. */
const preloadKey = 'mirrord.preload';
const preload = inheritedPreload();

function inheritedPreload(): string | undefined {
  if (!threads.isMainThread) return threads.getEnvironmentData(preloadKey) as string | undefined;
  const file = preloadFile(__dirname);
  if (file === undefined) return undefined;
  const isOurs = process.env[sessionVariable] === undefined || process.env[preloadVariable]?.includes(file) === true;
  return isOurs ? file : undefined;
}

/** The session's folder, from the parent process or thread; undefined in a program that begins a session. */
export function inheritedFolder(): string | undefined {
  const inThread = threads.isMainThread ? undefined : threads.getEnvironmentData(folderKey);
  return process.env[sessionVariable] ?? (inThread as string | undefined);
}

/** A thread shares its process's variables; only the process itself takes them. */
export const { isMainThread } = threads;

/** Whether `mirrord exec` leaves it to this process to take the pod's variables, as `load_from_process` says. */
export function isToTakeEnvironment(): boolean {
  return process.env[takeVariable] !== undefined;
}

/** Called once in each thread, when the session is known. */
export function installChildren({ folder, settings }: Session): void {
  hideFromProgram(folder, settings.startFiles);
  threads.setEnvironmentData(folderKey, folder);
  threads.setEnvironmentData(preloadKey, preload);
  replaceSpawn(folder, settings.startFiles);
  replaceWorker();
}

function hideFromProgram(folder: string, startFiles: readonly StartFile[]): void {
  const shim = shimPrefix(folder);
  if (process.env.PATH?.startsWith(shim) === true) process.env.PATH = process.env.PATH.slice(shim.length);
  for (const { name, inPod, copy } of startFiles) {
    if (process.env[name] === copy) process.env[name] = inPod;
  }
  delete process.env[sessionVariable];
  delete process.env[takeVariable];
  process.execArgv = process.execArgv.filter((argument) => argument !== ownFlag);
  if (preload !== undefined) setOrDelete(preloadVariable, withoutPreload(process.env[preloadVariable], preload));
  const users = withoutOwnOption(process.env.NODE_OPTIONS ?? '');
  setOrDelete('NODE_OPTIONS', users);
}

function setOrDelete(name: string, value: string): void {
  if (value === '') delete process.env[name];
  else process.env[name] = value;
}

function replaceSpawn(folder: string, startFiles: readonly StartFile[]): void {
  const join = (pairs: readonly string[] | undefined) => joined(pairs, folder, startFiles);
  const { prototype } = getBinding('process_wrap').Process;
  const spawn = prototype.spawn as BindingFunction;
  /** spawn(options) up to Node 22, spawn(file, args, cwd, envPairs, …) from 24 on. */
  prototype.spawn = function (...args) {
    if (typeof args[0] === 'object') args[0] = withSession(args[0] as SpawnOptions, join);
    else args[3] = join(args[3] as readonly string[] | undefined);
    return spawn.apply(this, args);
  };

  const binding = getBinding('spawn_sync');
  const spawnSync = binding.spawn;
  binding.spawn = function (...args) {
    args[0] = withSession(args[0] as SpawnOptions, join);
    return spawnSync.apply(this, args);
  };
}

/** What the bindings read of a spawn's options. */
interface SpawnOptions {
  readonly envPairs?: readonly string[];
}

type Join = (pairs: readonly string[] | undefined) => readonly string[];

function withSession(options: SpawnOptions, join: Join): SpawnOptions {
  return { ...options, envPairs: join(options.envPairs) };
}

/** `NAME=value` pairs of a child, with the session's. Also for programs that are not Node: one may start it. */
function joined(pairs: readonly string[] = [], folder: string, startFiles: readonly StartFile[]): readonly string[] {
  const ours = ['NODE_OPTIONS', sessionVariable, ...(preload === undefined ? [] : [preloadVariable])];
  const given = (name: string) => pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  const others = pairs.filter((pair) => !ours.some((name) => pair.startsWith(`${name}=`)));
  const nodeOptions = [withoutOwnOption(given('NODE_OPTIONS')), ownOption].filter(Boolean).join(' ');
  const copies = new Map(startFiles.map(({ name, inPod, copy }) => [`${name}=${inPod}`, `${name}=${copy}`]));
  const shim = shimPrefix(folder);
  const withShim = (pair: string) =>
    pair.startsWith('PATH=') && !pair.includes(shim) ? `PATH=${shim}${pair.slice('PATH='.length)}` : pair;
  return [
    ...others.map((pair) => withShim(copies.get(pair) ?? pair)),
    `NODE_OPTIONS=${nodeOptions}`,
    `${sessionVariable}=${folder}`,
    ...(preload === undefined ? [] : [`${preloadVariable}=${withPreload(given(preloadVariable), preload)}`]),
  ];
}

/** Begins the PATH of children: its `node` finds the session when their environment has lost it. */
function shimPrefix(folder: string): string {
  return `${folder}/${shimFolder}:`;
}

/** A thread with an env or execArgv of its own is not given the flags of this one: ours is added to them. */
function replaceWorker(): void {
  threads.Worker = new Proxy(threads.Worker, {
    construct(Worker, [file, options, ...rest]: [unknown, WorkerOptions | undefined], newTarget) {
      const own = options?.execArgv !== undefined || (options?.env !== undefined && options.env !== threads.SHARE_ENV);
      const execArgv = [...(options?.execArgv ?? process.execArgv), ownFlag];
      return Reflect.construct(Worker, [file, own ? { ...options, execArgv } : options, ...rest], newTarget);
    },
  });
  syncBuiltinESMExports();
}

function withoutOwnOption(options: string): string {
  return options.replace(ownOption, '').trim();
}
