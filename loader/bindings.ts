// The one place that gets Node's bindings: the objects that fs, net and dns call on every operation.
// `process.binding` hands out the live objects (seen on Node 20, 22, 24 and 26), so a function replaced
// here is seen by every form of every public call.

/** A request object of a binding: FSReqCallback, TCPConnectWrap, GetAddrInfoReqWrap … */
export interface Request {
  // Each request class passes other values to its completion.
  oncomplete(...results: unknown[]): void;
}

/** A function of a binding, as it is replaced and called on: all arguments always pass. */
export type BindingFunction = (this: unknown, ...args: unknown[]) => unknown;

export interface Handle {
  close(callback?: () => void): void;
  [name: string]: unknown;
}

export interface FsBinding {
  readonly kUsePromises: symbol;
  readonly FileHandle: { readonly prototype: Record<string, BindingFunction> };
  readonly StatWatcher: { readonly prototype: Record<string, BindingFunction> };
  readonly ReadFileJob?: { readonly prototype: Record<string, BindingFunction> };
  [name: string]: unknown;
}

export interface UvBinding {
  getErrorMap(): Map<number, [code: string, message: string]>;
  [name: string]: unknown;
}

interface Bindings {
  fs: FsBinding;
  uv: UvBinding;
  tcp_wrap: {
    readonly TCP: { readonly prototype: Record<string, BindingFunction> };
  };
  pipe_wrap: {
    readonly Pipe: { new (type: number): Handle; readonly prototype: Record<string, BindingFunction> };
    readonly constants: { readonly SOCKET: number };
  };
  fs_event_wrap: { readonly FSEvent: { readonly prototype: Record<string, BindingFunction> } };
  process_wrap: { readonly Process: { readonly prototype: Record<string, BindingFunction> } };
  spawn_sync: { spawn: BindingFunction };
  stream_wrap: {
    readonly WriteWrap: new () => Request;
    /** What a stream's callback is told beside its arguments, by the position that has a name. */
    readonly streamBaseState: Int32Array;
    readonly kReadBytesOrError: number;
  };
  cares_wrap: {
    readonly DNS_ORDER_VERBATIM: number;
    readonly DNS_ORDER_IPV4_FIRST: number;
    readonly DNS_ORDER_IPV6_FIRST: number;
    readonly AI_V4MAPPED: number;
    readonly AI_ALL: number;
    readonly AI_ADDRCONFIG: number;
    readonly GetAddrInfoReqWrap: new () => Request;
    getaddrinfo: BindingFunction;
    getnameinfo: BindingFunction;
    ChannelWrap: (new (...args: unknown[]) => object) & { readonly prototype: Record<string, BindingFunction> };
  };
  udp_wrap: { readonly UDP: { readonly prototype: Record<string, BindingFunction> } };
}

/** Ends the process under Node's permission model, which closes the bindings. */
export function getBinding<Name extends keyof Bindings>(name: Name): Bindings[Name] {
  // Not in Node's types: a deprecated, but kept, door (DEP0111, told with --pending-deprecation only).
  const door = process as unknown as { binding<N extends keyof Bindings>(name: N): Bindings[N] };
  const { noDeprecation } = process;
  process.noDeprecation = true;
  try {
    return door.binding(name);
  } catch (error) {
    process.stderr.write(
      `mirrord: Node's permission model keeps mirrord out of this process (${(error as NodeJS.ErrnoException).code}). [NODE_PERMISSION]\n` +
        '         Run the program without --permission while it is inside a pod.\n',
    );
    return process.exit(1);
  } finally {
    process.noDeprecation = noDeprecation ?? false;
  }
}
