// The errors that the program sees: Node's own system errors, with the code, errno, syscall and path that
// the call would give inside the pod.

import { RemoteError } from '../src/protocol/failure.ts';
import { getBinding } from './bindings.ts';

/** libuv's table, negative errno to code and text; read when the first error is made. */
let table: { byCode: Map<string, number>; texts: Map<string, string> } | undefined;

function errnoTable() {
  if (table === undefined) {
    const entries = [...getBinding('uv').getErrorMap()];
    table = {
      byCode: new Map(entries.map(([errno, [code]]) => [code, errno])),
      texts: new Map(entries.map(([, [code, text]]) => [code, text])),
    };
  }
  return table;
}

/** The negative errno of this system for a code such as `ENOENT` or `EAI_AGAIN`; EIO for an unknown one. */
export function errnoOf(code: string): number {
  const { byCode } = errnoTable();
  return byCode.get(code) ?? byCode.get('EIO') ?? -5;
}

/**
 * The code that the program is told for a failed remote call: the pod's own, or `lost` where the pod
 * could not be asked.
 */
export function codeOf(error: unknown, lost: string): string {
  if (!(error instanceof RemoteError) || !errnoTable().byCode.has(error.code)) return lost;
  return error.code;
}

/** A Node system error, its properties in the order of Node's own. */
export function systemError(
  code: string,
  syscall: string,
  path?: string | Uint8Array,
  dest?: string | Uint8Array,
): NodeJS.ErrnoException {
  const known = errnoTable().byCode.has(code) ? code : 'EIO';
  const from = path?.toString();
  const to = dest?.toString();
  const paths = `${from === undefined ? '' : ` '${from}'`}${to === undefined ? '' : ` -> '${to}'`}`;
  const text = `${known}: ${errnoTable().texts.get(known)}, ${syscall}${paths}`;
  const error: NodeJS.ErrnoException = new Error(text);
  error.errno = errnoOf(known);
  error.code = known;
  error.syscall = syscall;
  if (from !== undefined) error.path = from;
  if (to !== undefined) (error as { dest?: string }).dest = to;
  return error;
}
