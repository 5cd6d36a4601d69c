// What a layer needs to know of its session, as the proxy writes it to the session's folder.

import type { NetworkInterfaceInfo } from 'node:os';
import type { NetworkRules } from './network.ts';
import type { PathRules } from './paths.ts';

/** The environment variable that leads a layer to its session's folder. */
export const sessionVariable = 'MIRRORD_SESSION';

/** Tells the first Node process below `mirrord exec` to take the pod's variables itself (load_from_process). */
export const takeVariable = 'MIRRORD_TAKE_ENVIRONMENT';

/** The file in the session's folder, readable by its owner only (it holds the token). */
export const settingsFile = 'session.json';

/** The unix socket in the session's folder that takes outgoing connections of unix sockets, as `tcpPort` does for TCP. */
export const outgoingSocket = 'out';

/** The folder that sessions' folders are made in, where there is one, else the system's temporary folder. */
export const sessionParent = '/dev/shm';

/** How the folder of a session is named: the proxy's pid namespace and pid, and a random part. */
export const sessionName = /^mirrord-(\d+)-(\d+)-[0-9a-f]{16}$/;

/** For whom a session that `register` has started is: the text of loader/find-session.ts. */
export const originFile = 'origin';

/** The environment variable that tells the proxy its origin. */
export const originVariable = 'MIRRORD_ORIGIN';

/** The folders of the slots that a layer can take, and of those taken. */
export const freeSlots = 'free';
export const takenSlots = 'taken';

/** The unix socket in the session's folder to which the launchers of supervised programs come. */
export const supervisorSocket = 'supervisor';

/** The folder in the session's folder whose `node` leads to the session; it is in the PATH of programs. */
export const shimFolder = 'bin';

/** A file of the pod that a variable names, and its copy for processes that start here. */
export interface StartFile {
  readonly name: string;
  readonly inPod: string;
  readonly copy: string;
}

/** What `os` tells of the machine; undefined is this one's. */
export interface MachineSettings {
  readonly hostname?: string | undefined;
  readonly networkInterfaces?: NodeJS.Dict<NetworkInterfaceInfo[]> | undefined;
}

export interface LayerSettings extends NetworkRules {
  /** Proves to the proxy that a connection comes from this session; 32 hex digits. */
  readonly token: string;
  /** The proxy's port on 127.0.0.1 for outgoing TCP connections. */
  readonly tcpPort: number;
  /** The same for native layers, whose connections have no preamble. */
  readonly nativePort: number;
  readonly files: PathRules;
  readonly startFiles: readonly StartFile[];
  /** True: the program's NODE_ENV is "production" because the pod's is. */
  readonly productionFromPod: boolean;
  /** Names of programs that stay on this machine. */
  readonly skipProcesses: readonly string[];
  readonly machine: MachineSettings;
  /** Files of up to this many bytes come with the reply to open. */
  readonly prefetchBytes: number;
  readonly incoming: IncomingSettings;
}

export interface IncomingSettings {
  readonly mode: 'steal' | 'mirror' | 'off';
  /** The port of the pod for a port that the program listens on; without an entry it is the same. */
  readonly portMapping: readonly (readonly [local: number, remote: number])[];
  /** The port of this machine to bind for one that the program asks for. */
  readonly listenPorts: readonly (readonly [asked: number, local: number])[];
  /** Ports that the program listens on and the pod keeps. */
  readonly ignorePorts: readonly number[];
  /** The only ports of the pod to take, or undefined for all. */
  readonly ports: readonly number[] | undefined;
  /** True: what listens on loopback only is not the pod's business. */
  readonly ignoreLocalhost: boolean;
}
