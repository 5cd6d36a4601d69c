// Unix sockets of the loader: a path that the session's `unix_streams` names is connected in the pod, through the
// proxy's own unix socket, since a handle for unix sockets can connect to nothing else.

import path from 'node:path';
import { outgoingSocket } from '../../src/policy/layer-settings.ts';
import { getBinding, type Handle, type Request } from '../bindings.ts';
import type { Session } from '../session.ts';
import type { Network } from './network.ts';
import { connectThroughProxy } from './through-proxy.ts';

export function installUnixConnect(session: Session, { policy }: Network): void {
  if (session.settings.outgoingUnixStreams.length === 0) return;
  const { prototype } = getBinding('pipe_wrap').Pipe;
  const original = prototype.connect;
  if (original === undefined) return;
  const proxy = path.join(session.folder, outgoingSocket);
  /** connect(req, path) */
  prototype.connect = function (...args) {
    const [request, name] = args as [Request, string];
    // The loader's own ways to the proxy have no other name.
    if (name.startsWith(session.folder) || policy.connectsUnix(name) === 'local') return original.apply(this, args);
    return connectThroughProxy(
      session,
      this as Handle,
      request,
      'connectUnix',
      { path: Buffer.from(name) },
      { reach: (own) => original.call(this, own, proxy), show: () => {} },
    );
  };
}
