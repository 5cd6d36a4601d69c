// Files that only count before a process starts: OpenSSL and Node read the certificates that these variables
// name before our first line. The pod's are fetched into the session's folder, and a program is started
// with the copy's path; the loader shows it the pod's.

import fs from 'node:fs';
import path from 'node:path';
import type { StartFile } from '../policy/layer-settings.ts';
import type { Link } from '../protocol/link.ts';
import type { SessionEnvironment } from './environment.ts';

const variables = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'];

/** A bundle of all public authorities has some 220 KB. */
const maxBytes = 1024 * 1024;

/**
 * @param folder the session's, which is private and goes with the session
 * @returns what was fetched; a file that the pod does not have is left to fail as it does there
 */
export async function fetchStartFiles(
  link: Link,
  environment: SessionEnvironment,
  folder: string,
): Promise<StartFile[]> {
  const named = environment.set.filter(({ name, value }) => variables.includes(name) && value.startsWith('/'));
  const fetched = await Promise.all(
    named.map(async ({ name, value }) => {
      const data = await readWhole(link, value).catch(() => undefined);
      if (data === undefined) return [];
      const copy = path.join(folder, `${name}.pem`);
      fs.writeFileSync(copy, data, { mode: 0o600 });
      return [{ name, inPod: value, copy }];
    }),
  );
  return fetched.flat();
}

/** @returns undefined for a file that is longer than `maxBytes` */
export async function readWhole(link: Link, file: string): Promise<Buffer | undefined> {
  const request = { path: Buffer.from(file), flags: fs.constants.O_RDONLY, mode: 0, prefetchBytes: maxBytes };
  const { data, whole, handle } = await link.request('openFile', request);
  if (!whole) await link.request('closeFile', { handle });
  return whole ? data : undefined;
}
