// The pod's variables in a program that has started without them: one with mirrord/register alone, or under
// `load_from_process`. `mirrord exec` starts programs with them, which also serves what Node reads itself.

import fs from 'node:fs';
import type { StartFile } from '../src/policy/layer-settings.ts';
import type { Session } from './session.ts';

const threads = require('node:worker_threads') as typeof import('node:worker_threads');

/** Tells the threads of such a process that their certificates are to be set as well. */
const certificatesKey = 'mirrord.certificates';

/** Sets the variables, and what an API can still set of those that Node has read already. */
export function takeEnvironment({ sync, settings }: Session): void {
  const { set, unset } = sync.call('environment', {});
  for (const { name, value } of set) process.env[name] = value;
  for (const name of unset) delete process.env[name];
  const late = settings.startFiles.filter(({ name }) => matters(name));
  const trusted = trustMore(late);
  if (trusted) threads.setEnvironmentData(certificatesKey, true);
  const names = late.filter(({ name }) => !trusted || name !== 'NODE_EXTRA_CA_CERTS').map(({ name }) => name);
  if (poolIsThere() && set.some(({ name }) => name === poolSize)) names.push(poolSize);
  if (names.length > 0) {
    sync.call('notice', {
      line: `${names.join(', ')}: counts before a process starts only; use "mirrord exec" for it.`,
    });
  }
}

/** In a thread of such a process: the list of trusted certificates is each thread's own. */
export function takeCertificates({ settings }: Session): void {
  if (threads.getEnvironmentData(certificatesKey) === true) trustMore(settings.startFiles);
}

/** SSL_CERT_FILE is OpenSSL's; Node has a list of its own unless it is told to use that. */
function matters(name: string): boolean {
  return name !== 'SSL_CERT_FILE' || flags().includes('openssl-ca');
}

/** libuv reads it when its pool of threads is used first. */
const poolSize = 'UV_THREADPOOL_SIZE';

/** Node 20 reads what it imports with the pool, so that it is there before the first line of an import. */
function poolIsThere(): boolean {
  return process.version.startsWith('v20.') && flags().includes('--import');
}

function flags(): string {
  return [process.env.NODE_OPTIONS, ...process.execArgv].join(' ');
}

/** From Node 22.19 and 24.5 on. @returns whether the certificates of NODE_EXTRA_CA_CERTS are trusted now */
function trustMore(files: readonly StartFile[]): boolean {
  const extra = files.find(({ name }) => name === 'NODE_EXTRA_CA_CERTS');
  if (extra === undefined) return true;
  const tls = require('node:tls') as typeof import('node:tls') & {
    getCACertificates?(type: 'default'): string[];
    setDefaultCACertificates?(certificates: readonly string[]): void;
  };
  const { getCACertificates, setDefaultCACertificates } = tls;
  if (getCACertificates === undefined || setDefaultCACertificates === undefined) return false;
  const pem = fs.readFileSync(extra.copy, 'utf8').match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [];
  setDefaultCACertificates([...getCACertificates('default'), ...pem]);
  return true;
}
