// What native layers are told of their session: the same settings as session.json, in a form that C reads with a
// few lines (native/preload/settings.c): a key and a value in each.

import type { LayerSettings } from './layer-settings.ts';

/** The file in the session's folder, as private as session.json. */
export const nativeSettingsFile = 'native';

/** An empty folder in the session's: what stands for a folder of the pod in a native program. */
export const emptyFolder = 'empty';

/** What native layers need beside the settings of all. */
export interface NativePlaces {
  /** Folders of this machine that stay local, see LocalPlaces; a process adds its own. */
  readonly roots: readonly string[];
  /** The program that starts another one under the session's supervisor. */
  readonly launcher: string | undefined;
}

export function nativeSettings(settings: LayerSettings, { roots, launcher }: NativePlaces): string {
  const { files, incoming } = settings;
  const patterns = [files.readWrite, files.readOnly, files.local, files.notFound, files.mapping];
  const flag = (value: boolean) => (value ? '1' : '0');
  const lines: (readonly [key: string, value: string | number])[] = [
    ['token', settings.token],
    ['tcpPort', settings.nativePort],
    ['mode', files.mode],
    ['hasPatterns', flag(patterns.some((list) => list.length > 0))],
    ['prefetchBytes', settings.prefetchBytes],
    ['resolveNames', flag(settings.resolveNames)],
    ['outgoingTcp', flag(settings.outgoingTcp)],
    ['outgoingUdp', flag(settings.outgoingUdp)],
    ['outgoingIgnoreLocalhost', flag(settings.outgoingIgnoreLocalhost)],
    ['steal', flag(incoming.mode !== 'off')],
    ['incomingIgnoreLocalhost', flag(incoming.ignoreLocalhost)],
    ['onlyPorts', flag(incoming.ports !== undefined)],
    ...(incoming.ports ?? []).map((port) => ['port', port] as const),
    ...incoming.ignorePorts.map((port) => ['ignorePort', port] as const),
    ...incoming.portMapping.map((pair) => ['portMapping', pair.join(' ')] as const),
    ...incoming.listenPorts.map((pair) => ['listenPort', pair.join(' ')] as const),
    ...roots.map((root) => ['root', root] as const),
    ...settings.skipProcesses.map((name) => ['skip', name] as const),
    ...(launcher === undefined ? [] : [['launcher', launcher] as const]),
    ...(settings.machine.hostname === undefined ? [] : [['hostname', settings.machine.hostname] as const]),
  ];
  return lines
    .filter(([, value]) => !String(value).includes('\n'))
    .map(([key, value]) => `${key} ${value}\n`)
    .join('');
}
