// Every message, defined once: the TypeScript types, the codec and (for native/) the C header come
// from here. A message is a request and its reply; a stream's channel stays open behind the reply and
// carries bytes both ways. Numbers and the order of fields are on the wire: never change or reuse one,
// add new fields at the end and new messages at new numbers.

import { decode, encode, type Fields, type ValueOf } from './codec.ts';

/**
 * The version of this protocol. Both sides of a connection name theirs in `hello`; a `major` that
 * differs cannot be spoken, a `minor` only adds messages and fields.
 */
export const protocolVersion = { major: 1, minor: 0 } as const;

/** File metadata, the fields of struct stat (stat(2)); times are nanoseconds since the epoch. */
const stat = {
  dev: 'i64',
  mode: 'i64',
  nlink: 'i64',
  uid: 'i64',
  gid: 'i64',
  rdev: 'i64',
  blksize: 'i64',
  ino: 'i64',
  size: 'i64',
  blocks: 'i64',
  atimeNs: 'i64',
  mtimeNs: 'i64',
  ctimeNs: 'i64',
  birthtimeNs: 'i64',
} as const satisfies Fields;

/** An IP address as text (RFC 5952 for IPv6) and a port. */
const address = { host: 'string', port: 'u16' } as const satisfies Fields;

/** The hints of getaddrinfo(3), as bits of a `lookup`'s family. */
export const lookupFlags = { v4Mapped: 0x10, all: 0x20, addrConfig: 0x40 } as const;

function message<const Request extends Fields, const Reply extends Fields>(
  number: number,
  request: Request,
  reply: Reply,
  options: { readonly stream?: true } = {},
) {
  return { number, request, reply, stream: options.stream === true } as const;
}

/**
 * The messages by name. Paths are bytes, since a file name need not be UTF-8.
 *
 * From 1: connection. From 16: files. From 48: names and outgoing connections. From 64: incoming
 * requests. From 96: between a layer and its proxy only.
 */
export const messages = {
  /**
   * The first frame of a connection, in both directions. `role` is proxy, agent or layer, `version` the
   * product's, for people. A layer also gives its session's token and its own number, which joins the
   * several connections that one layer has.
   */
  hello: message(
    1,
    { major: 'u16', minor: 'u16', role: 'string', version: 'string', token: 'string', layer: 'u32' },
    {},
  ),

  /** The environment of the target's first process, `NAME=value` each, as /proc/PID/environ has it. */
  readEnvironment: message(2, {}, { variables: ['bytes'] }),

  /**
   * open(2), and for reading the first bytes in the same round trip. `whole` says that `data` is all there
   * is; the agent has then closed the file and `handle` is 0.
   */
  openFile: message(
    16,
    { path: 'bytes', flags: 'u32', mode: 'u32', prefetchBytes: 'u32' },
    { handle: 'u32', stat, data: 'bytes', whole: 'bool' },
  ),
  /** read(2), or pread(2) with a `position` of 0 or more. An empty `data` is the end of the file. */
  readFile: message(17, { handle: 'u32', length: 'u32', position: 'i64' }, { data: 'bytes' }),
  closeFile: message(18, { handle: 'u32' }, {}),
  /** fstat(2). */
  statFile: message(19, { handle: 'u32' }, { stat }),
  /** stat(2), or lstat(2) without `follow`. */
  stat: message(20, { path: 'bytes', follow: 'bool' }, { stat }),
  /** access(2) with `mode` as in unistd.h: 0 exists, 4 read, 2 write, 1 execute. */
  access: message(21, { path: 'bytes', mode: 'u32' }, {}),
  /** A folder's entries, unsorted; `type` is a UV_DIRENT_* number as Node's fs binding uses them. */
  readDirectory: message(22, { path: 'bytes' }, { entries: [{ name: 'bytes', type: 'u8' }] }),
  readLink: message(23, { path: 'bytes' }, { target: 'bytes' }),
  /** realpath(3). */
  realPath: message(24, { path: 'bytes' }, { path: 'bytes' }),
  /** write(2), or pwrite(2) with a `position` of 0 or more. */
  writeFile: message(25, { handle: 'u32', position: 'i64', data: 'bytes' }, { written: 'u32' }),
  /** fsync(2), or fdatasync(2). */
  syncFile: message(26, { handle: 'u32', dataOnly: 'bool' }, {}),
  truncateFile: message(27, { handle: 'u32', length: 'i64' }, {}),
  /** fchmod(2), fchown(2), futimens(3). */
  setFileMode: message(28, { handle: 'u32', mode: 'u32' }, {}),
  setFileOwner: message(29, { handle: 'u32', uid: 'u32', gid: 'u32' }, {}),
  setFileTimes: message(30, { handle: 'u32', atimeNs: 'i64', mtimeNs: 'i64' }, {}),
  /** chmod(2), chown(2), utimensat(2); without `follow` of the symlink itself. */
  setMode: message(31, { path: 'bytes', mode: 'u32' }, {}),
  setOwner: message(32, { path: 'bytes', uid: 'u32', gid: 'u32', follow: 'bool' }, {}),
  setTimes: message(33, { path: 'bytes', atimeNs: 'i64', mtimeNs: 'i64', follow: 'bool' }, {}),
  /** `first` is the first folder that a recursive mkdir made, empty if it made none. */
  makeDirectory: message(34, { path: 'bytes', mode: 'u32', recursive: 'bool' }, { first: 'bytes' }),
  makeTemporaryDirectory: message(35, { prefix: 'bytes' }, { path: 'bytes' }),
  removeDirectory: message(36, { path: 'bytes' }, {}),
  removeFile: message(37, { path: 'bytes' }, {}),
  rename: message(38, { from: 'bytes', to: 'bytes' }, {}),
  link: message(39, { from: 'bytes', to: 'bytes' }, {}),
  symlink: message(40, { target: 'bytes', path: 'bytes' }, {}),
  /** `mode` as COPYFILE_* of uv.h. */
  copyFile: message(41, { from: 'bytes', to: 'bytes', mode: 'u32' }, {}),
  /** statfs(2), the numbers that Node gives. */
  statFileSystem: message(
    42,
    { path: 'bytes' },
    { type: 'i64', bsize: 'i64', blocks: 'i64', bfree: 'i64', bavail: 'i64', files: 'i64', ffree: 'i64' },
  ),
  /** Removes a file, or with `recursive` a folder and all in it. */
  removeTree: message(43, { path: 'bytes', recursive: 'bool' }, {}),
  /** For watching: a folder's entries, or a file as its own only entry, each with what changes when it changes. */
  inspect: message(
    44,
    { path: 'bytes' },
    { folder: 'bool', entries: [{ name: 'bytes', ino: 'i64', size: 'i64', mtimeNs: 'i64' }] },
  ),

  /**
   * Resolves a name as getaddrinfo(3) would in the pod. `family` is 0, 4 or 6, plus the bits of `lookupFlags`; addresses
   * in the resolver's order.
   */
  lookup: message(48, { name: 'string', family: 'u8' }, { addresses: ['string'] }),
  /** The network interfaces of the pod: JSON, as os.networkInterfaces() gives them. */
  networkInterfaces: message(111, {}, { interfaces: 'string' }),
  /** Connects from the pod; the reply comes when the pod's connect(2) has succeeded. */
  connectTcp: message(49, { to: address }, { local: address, remote: address }, { stream: true }),
  /**
   * Asks the pod's name servers (or `servers`, as dns.setServers takes them) for records of a type: A, MX,
   * TXT …, or PTR for an address. `records` is JSON, in the shape in which Node's dns module gives them. A server
   * is waited for `timeoutMs` (-1: c-ares' own time) and asked `tries` times.
   */
  resolve: message(
    50,
    { name: 'string', type: 'string', servers: ['string'], timeoutMs: 'i32', tries: 'u8' },
    { records: 'string' },
  ),
  /** getnameinfo(3). */
  lookupService: message(51, { address }, { name: 'string', service: 'string' }),
  /** A UDP socket of the pod; its stream carries datagrams both ways, see datagram.ts. `family` is 4 or 6. */
  openUdp: message(52, { family: 'u8' }, { local: address }, { stream: true }),
  /** Connects to a unix socket of the pod. A path of the file system, or behind a NUL an abstract name (unix(7)). */
  connectUnix: message(53, { path: 'bytes' }, {}, { stream: true }),
  /** `connectTcp` from an address, or a port, that the program has bound; 0.0.0.0, :: and port 0 are any. */
  connectTcpFrom: message(54, { to: address, from: address }, { local: address, remote: address }, { stream: true }),

  /**
   * Claims what comes to a port of the pod, until `release` or the session's end. `mode` is `steal` or `mirror`;
   * `filter` is an HttpFilter (http-filter/filter.ts) as JSON, empty for everything; `onConcurrent` is `abort`,
   * `continue` or `override`, see agent/incoming/claims.ts; with `probes` the kubelet's probes are no exception.
   * `flush`: connections to the pod from before are closed once they are idle. The other three are limits for
   * whoever has to wait before it can decide.
   */
  steal: message(
    64,
    {
      port: 'u16',
      mode: 'string',
      filter: 'string',
      onConcurrent: 'string',
      probes: 'bool',
      flush: 'bool',
      detectionMs: 'u32',
      maxBodyBytes: 'u32',
      maxBodyMs: 'u32',
    },
    {},
  ),
  release: message(65, { port: 'u16' }, {}),
  /**
   * Agent to proxy: somebody connected to a claimed port. The reply says that the program accepted. What the
   * program answers is for nobody when it is `mirrored`.
   */
  incoming: message(66, { port: 'u16', client: address, server: address, mirrored: 'bool' }, {}, { stream: true }),
  /**
   * Proxy to agent: the session ends. `last` says that the agent has no other one; it takes no new one then
   * and ends itself, and whoever is told so removes it.
   */
  leave: message(67, {}, { last: 'bool' }),
  /** Proxy to agent: whose session it is, for the other developers of the pod. */
  introduce: message(70, { user: 'string', host: 'string' }, {}),
  /** Agent to proxy: a sentence that the developer should read. */
  tell: message(68, { text: 'string' }, {}),

  /** Layer to proxy: the program listens, on `local`, for what the pod gets on `port`. */
  listen: message(96, { port: 'u16', local: address }, {}),
  unlisten: message(97, { port: 'u16', local: address }, {}),
  /** Layer to proxy: the program listens on this machine only; the session's other programs reach it on `port`. */
  announce: message(100, { port: 'u16', local: address }, {}),
  withdraw: message(101, { port: 'u16', local: address }, {}),
  /** Layer to proxy: the variables to set and to remove at start, from the pod and the configuration. */
  environment: message(99, {}, { set: [{ name: 'string', value: 'string' }], unset: ['string'] }),
  /** Layer to proxy: a line for the developer, shown once a session however many processes say it. */
  notice: message(110, { line: 'string' }, {}),
  /** Layer to proxy: the true client behind a connection that the proxy made from local port `port`. */
  peerOf: message(98, { port: 'u16' }, { client: address, server: address }),

  /**
   * Native layer to proxy, where the configuration has patterns, which are JavaScript's: where a path goes, and
   * the path to use there. `where` is 0 local, 1 remote, 2 an ENOENT; the rest is what the process knows of its
   * own places, see LocalPlaces.
   */
  decidePath: message(
    102,
    { path: 'bytes', write: 'bool', home: 'bytes', temporary: 'bytes', roots: ['bytes'] },
    { where: 'u8', path: 'bytes' },
  ),
  /** lseek(2); `whence` as in unistd.h. */
  seekFile: message(103, { handle: 'u32', offset: 'i64', whence: 'u8' }, { position: 'i64' }),
  /** Native layer to proxy: all bytes behind the reply are written to the file, one after the other. */
  streamFile: message(104, { handle: 'u32' }, {}),
  /**
   * Native layer to proxy: the program's socket, which has connected to the proxy from local port `port`, becomes
   * a connection of the pod. The first `padding` bytes on it mean nothing. Without `wait` the reply comes at once,
   * and `connectResult` asks for what `wait` would have answered.
   */
  connectFrom: message(
    105,
    { port: 'u16', to: address, padding: 'u32', wait: 'bool' },
    { local: address, remote: address },
  ),
  connectResult: message(113, { port: 'u16' }, { local: address, remote: address }),
  /**
   * Native layer to proxy: a UDP socket of the pod, behind a port of this machine's loopback, for the program's
   * socket on `program`. Datagrams between the two ports are records with their peer in the pod, see datagram.ts.
   */
  relayUdp: message(114, { family: 'u8', program: 'u16' }, { port: 'u16', local: address }),
} as const;

export type MessageName = keyof typeof messages;
export type RequestOf<Name extends MessageName> = ValueOf<(typeof messages)[Name]['request']>;
export type ReplyOf<Name extends MessageName> = ValueOf<(typeof messages)[Name]['reply']>;
export type Stat = ValueOf<typeof stat>;
export type Address = ValueOf<typeof address>;

const names = new Map<number, MessageName>(
  Object.entries(messages).map(([name, { number }]) => [number, name as MessageName]),
);

/** The message with this number, or undefined for one of a newer minor version. */
export function messageName(number: number): MessageName | undefined {
  return names.get(number);
}

export function encodeRequest<Name extends MessageName>(name: Name, value: RequestOf<Name>): Buffer {
  return encode(messages[name].request as Fields, value as ValueOf<Fields>);
}

export function decodeRequest<Name extends MessageName>(name: Name, payload: Buffer): RequestOf<Name> {
  return decode(messages[name].request as Fields, payload) as RequestOf<Name>;
}

export function encodeReply<Name extends MessageName>(name: Name, value: ReplyOf<Name>): Buffer {
  return encode(messages[name].reply as Fields, value as ValueOf<Fields>);
}

export function decodeReply<Name extends MessageName>(name: Name, payload: Buffer): ReplyOf<Name> {
  return decode(messages[name].reply as Fields, payload) as ReplyOf<Name>;
}
