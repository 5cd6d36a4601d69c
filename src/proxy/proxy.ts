// The proxy: one per session, between the layers in the developer's programs and the link to the agent.
// It passes calls on without reading them, and owns what has to be given back when a program ends.

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type LayerSettings, outgoingSocket, settingsFile } from '../policy/layer-settings.ts';
import { emptyFolder, type NativePlaces, nativeSettings, nativeSettingsFile } from '../policy/native-settings.ts';
import { encodeFrame, type Frame, FrameDecoder } from '../protocol/frame.ts';
import { checkVersion, decodeHello, ownHello } from '../protocol/hello.ts';
import { decodeRequest, messageName } from '../protocol/schema.ts';
import { createDecisions } from './decisions.ts';
import { Incoming, type WantedOfPorts } from './incoming.ts';
import { Layer, type LayerContext } from './layer.ts';
import type { Links } from './links.ts';
import { NativeConnections } from './native-connections.ts';
import { NativeNetwork } from './native-network.ts';
import { listenForOutgoing } from './outgoing.ts';
import { type Slot, Slots } from './slots.ts';
import { StreamedFiles } from './streamed-files.ts';

export interface ProxyOptions {
  readonly links: Links;
  /** The session's folder, see makeSessionFolder; the proxy removes it. */
  readonly folder: string;
  /** What layers are told, less what the proxy itself chooses. */
  readonly settings: Omit<LayerSettings, 'token' | 'tcpPort' | 'nativePort'>;
  readonly native: NativePlaces;
  readonly environment: LayerContext['environment'];
  readonly incoming: WantedOfPorts;
  /** Shows the developer a line. */
  readonly report: (line: string) => void;
  /** Called when the number of living layers has changed. */
  readonly onLayers?: (count: number) => void;
}

export interface RunningProxy {
  /** Ends the layers' connections and removes the folder; the link stays. May be called twice. */
  close(): void;
}

/** A layer and its two ways to it: the slot for calls that block, the socket for those that do not. */
interface Attached {
  readonly layer: Layer;
  socket?: net.Socket;
}

/** The same sentence within this time comes from another pod. */
const echoMs = 2_000;

/** Numbers of native layers, above all those of slots. */
const firstNative = 2 ** 31;

/** The name of the unix socket in the session's folder, for asynchronous calls. */
const socketName = 'socket';

export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const { links, folder } = options;
  const token = randomBytes(16).toString('hex');
  const incoming = new Incoming(links, options.incoming, options.report);
  const network = new NativeNetwork(options.settings);
  const connections = new NativeConnections(links, incoming, network);
  const context: LayerContext = {
    links,
    incoming,
    decide: createDecisions(options.settings.files),
    connections,
    network,
    streamedFiles: new StreamedFiles(links, options.report),
    environment: options.environment,
    notice: once(options.report),
  };
  const layers = new Map<number, Attached>();

  const attach = (slot: Slot) => {
    const layer = new Layer(slot.id, context);
    const detach = () => {
      if (!layers.has(slot.id)) return;
      layers.get(slot.id)?.socket?.destroy();
      layers.delete(slot.id);
      slot.close();
      void layer.close();
      options.onLayers?.(layers.size);
    };
    layers.set(slot.id, { layer });
    options.onLayers?.(layers.size);
    slot.calls.on('close', detach);
    serve(slot.calls, token, (frame) => layer.answer(frame).then((answer) => slot.answers.write(answer)), detach);
  };

  /** A native layer has no slot: each of its connections is a layer, and holds what was opened on it. */
  let nextNative = firstNative;
  const attachNative = (socket: net.Socket): Attached => {
    const attached = { layer: new Layer(nextNative++, context), socket };
    layers.set(attached.layer.id, attached);
    options.onLayers?.(layers.size);
    socket.once('close', () => {
      layers.delete(attached.layer.id);
      void attached.layer.close();
      options.onLayers?.(layers.size);
    });
    return attached;
  };

  const join = (socket: net.Socket) => {
    socket.on('error', () => socket.destroy());
    let attached: Attached | undefined;
    serve(
      socket,
      token,
      (frame) => {
        if (messageName(frame.message) === 'streamFile') return startStream(socket, frame);
        return attached?.layer.answer(frame).then((answer) => socket.write(answer));
      },
      () => socket.destroy(),
      (id) => {
        attached = id === 0 ? attachNative(socket) : layers.get(id);
        if (attached === undefined) socket.destroy();
        else attached.socket = socket;
      },
    );
  };

  /** The layer waits for this reply before it writes, so nothing behind the request is lost. */
  const startStream = (socket: net.Socket, { channel, payload }: Frame) => {
    const { handle } = decodeRequest('streamFile', payload);
    socket.removeAllListeners('data');
    void context.streamedFiles.stream(socket, handle);
    socket.write(encodeFrame({ kind: 'reply', channel }));
  };

  const tellDeveloper = withoutEchoes(options.report);
  links.onAdded = (link) => {
    link.serve({
      incoming: (request, channel) => incoming.accept(request, channel),
      tell: ({ text }) => {
        tellDeveloper(text);
        return {};
      },
    });
    void incoming.joined(link);
  };
  const slots = new Slots(folder, attach);
  const tell = (id: number, frame: Buffer) => layers.get(id)?.socket?.write(frame);
  const outgoing = { links, incoming, token, tell };
  const [tcp, unixOut, nativePort, unix] = await Promise.all([
    listenForOutgoing({ port: 0, host: '127.0.0.1' }, outgoing),
    listenForOutgoing({ path: path.join(folder, outgoingSocket) }, outgoing),
    connections.listen(),
    listenOn(path.join(folder, socketName), join),
    slots.refill(),
  ]);
  const tcpPort = (tcp.address() as net.AddressInfo).port;
  const settings: LayerSettings = { ...options.settings, token, tcpPort, nativePort };
  writeSettings(folder, settings, options.native);

  return {
    close() {
      slots.close();
      tcp.close();
      connections.close();
      unixOut.close();
      unix.close();
      for (const { socket } of layers.values()) socket?.destroy();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Many processes of a session have the same to say: the first does. */
/** What each of the session's pods says is said once. */
function withoutEchoes(report: (line: string) => void): (line: string) => void {
  const said = new Set<string>();
  return (line) => {
    if (said.has(line)) return;
    said.add(line);
    setTimeout(() => said.delete(line), echoMs).unref();
    report(line);
  };
}

function once(report: (line: string) => void): (line: string) => void {
  const said = new Set<string>();
  return (line) => {
    if (said.size < said.add(line).size) report(line);
  };
}

function writeSettings(folder: string, settings: LayerSettings, native: NativePlaces): void {
  fs.mkdirSync(path.join(folder, emptyFolder), { mode: 0o500 });
  fs.writeFileSync(path.join(folder, settingsFile), JSON.stringify(settings), { mode: 0o600 });
  fs.writeFileSync(path.join(folder, nativeSettingsFile), nativeSettings(settings, native), { mode: 0o600 });
}

/**
 * Reads a layer's connection: its hello first, then requests.
 * @param refuse called when the other side is no layer of this session, or sends what is no frame
 */
function serve(
  socket: net.Socket,
  token: string,
  answer: (request: Frame) => unknown,
  refuse: () => void,
  greeted: (layer: number) => void = () => {},
): void {
  const decoder = new FrameDecoder();
  let known = false;
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const frame of decoder.push(chunk)) {
        if (known && frame.kind === 'request') {
          answer(frame);
          continue;
        }
        const hello = decodeHello(frame.payload);
        if (known || frame.kind !== 'hello' || hello.token !== token) throw new Error('not a layer of ours');
        checkVersion(ownHello('proxy'), hello);
        known = true;
        greeted(hello.layer);
      }
    } catch {
      refuse();
    }
  });
}

async function listenOn(file: string, onConnection: (socket: net.Socket) => void): Promise<net.Server> {
  const server = net.createServer(onConnection);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(file, resolve);
  });
  return server;
}
