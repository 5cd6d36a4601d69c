// What a failed call to the API server means for the developer: one function for everything that
// client-node, Node's network and TLS, and credential plugins can throw.

import { MirrordError } from '../errors.ts';

/** What was asked, in the words of RBAC. */
export type Attempt = {
  readonly verb: 'get' | 'list' | 'create' | 'delete';
  /** `pods`, `deployments`, `jobs`, `pods/portforward` … */
  readonly resource: string;
  readonly namespace?: string | undefined;
};

/** A call that the server answered with an error status; the shape of client-node's ApiException. */
type StatusError = { readonly code: number; readonly body?: unknown };

/** Awaits a call to the API; what it throws is a MirrordError. */
export async function ask<Answer>(server: string, attempt: Attempt, call: Promise<Answer>): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    throw explainApiError(error, server, attempt);
  }
}

/** The same, and undefined for what does not exist. */
export function askIfThere<Answer>(
  server: string,
  attempt: Attempt,
  call: Promise<Answer>,
): Promise<Answer | undefined> {
  return askUnless([404], server, attempt, call);
}

/** The same, and undefined for an answer with one of these statuses: 404 not there, 409 there already or another. */
export async function askUnless<Answer>(
  statuses: readonly number[],
  server: string,
  attempt: Attempt,
  call: Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isStatusError(error) && statuses.includes(error.code)) return undefined;
    throw explainApiError(error, server, attempt);
  }
}

/** The answer, or undefined when it cannot be had for whatever reason: for hints in other errors. */
export function askForHint<Answer>(call: Promise<Answer>): Promise<Answer | undefined> {
  return call.catch(() => undefined);
}

/** Turns any error of a call into one for the developer. */
export function explainApiError(error: unknown, server: string, attempt: Attempt): MirrordError {
  if (error instanceof MirrordError) return error;
  if (isStatusError(error)) return explainStatus(error, server, attempt);
  return explainLocalFailure(error, server);
}

function explainStatus(error: StatusError, server: string, attempt: Attempt): MirrordError {
  const said = statusMessage(error.body);
  const where = attempt.namespace === undefined ? '' : ` in namespace "${attempt.namespace}"`;
  const what = `${attempt.verb} ${attempt.resource}${where}`;

  switch (error.code) {
    case 401:
      return new MirrordError('UNAUTHORIZED', `The API server ${server} does not accept the credentials.`, {
        help: 'Log in again; "kubectl get pods" with the same kubeconfig and context must work.',
        cause: error,
      });
    case 403:
      return forbidden(error, attempt, what, said);
    case 404:
      if (/^namespaces "[^"]*" not found/.test(said)) {
        return new MirrordError('NAMESPACE_NOT_FOUND', `There is no namespace "${attempt.namespace}".`, {
          help: 'See "kubectl get namespaces"; name one with -n.',
          cause: error,
        });
      }
      return new MirrordError('SESSION_FAILED', `To ${what} failed: ${said || 'not found'}.`, {
        help: 'It was there a moment ago: try again.',
        cause: error,
      });
    default:
      if (error.code === 429 || error.code >= 500) {
        return new MirrordError('CLUSTER_UNREACHABLE', `The API server ${server} answered ${error.code}: ${said}.`, {
          help: 'It is overloaded or restarting, or something between answers for it: try again.',
          cause: error,
        });
      }
      return new MirrordError('SESSION_FAILED', `To ${what} failed: ${said || `status ${error.code}`}.`, {
        help: "The sentence is the API server's own.",
        cause: error,
      });
  }
}

function forbidden(error: StatusError, attempt: Attempt, what: string, said: string): MirrordError {
  // A quota, a policy or an admission webhook refuses with the same status as RBAC, and says why.
  if (!/^$|\bcannot \w+ resource\b|is forbidden: *$/.test(said)) {
    return new MirrordError('FORBIDDEN', `The cluster refuses to ${what}: ${said}.`, {
      help: 'A quota or policy of the cluster says so; its owner can help.',
      cause: error,
    });
  }
  const group = groups[attempt.resource] ?? '';
  // A WebSocket is a GET to the API server's first check and a `create` to the one that newer versions add.
  const verbs = attempt.resource === 'pods/portforward' ? '"get", "create"' : `"${attempt.verb}"`;
  const rule = `{ apiGroups: ["${group}"], resources: ["${attempt.resource}"], verbs: [${verbs}] }`;
  const user = /User "([^"]+)"/.exec(said)?.[1];
  return new MirrordError('FORBIDDEN', `${user ?? 'The user of the kubeconfig'} may not ${what}.`, {
    help: `A role needs the rule ${rule}; docs/rbac.md has the whole role.`,
    cause: error,
  });
}

/** The API groups of what we ask for, besides the core's. */
const groups: Readonly<Record<string, string>> = {
  deployments: 'apps',
  statefulsets: 'apps',
  daemonsets: 'apps',
  replicasets: 'apps',
  jobs: 'batch',
  cronjobs: 'batch',
  rollouts: 'argoproj.io',
};

const certificateCodes = /^(CERT_|ERR_TLS_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_SSL_|HOSTNAME_MISMATCH)/;

/** The server was not reached, or nothing was even sent. */
function explainLocalFailure(error: unknown, server: string): MirrordError {
  const { code = '', message, syscall = '', path } = error as NodeJS.ErrnoException;
  const reason = (message || code || 'no reason given').split('\n')[0];
  if (certificateCodes.test(code)) {
    return new MirrordError('CLUSTER_UNREACHABLE', `The certificate of ${server} is not accepted: ${reason}.`, {
      help: 'Check certificate-authority in the kubeconfig, or use --accept-invalid-certificates.',
      cause: error,
    });
  }
  if (code === 'ENOENT' && !syscall.startsWith('spawn')) {
    return new MirrordError('KUBECONFIG_INVALID', `The kubeconfig names a file that is not there: ${path ?? reason}.`, {
      help: 'Correct the path, or name another context with --context.',
      cause: error,
    });
  }
  if (syscall === '' && !/^E[A-Z]/.test(code)) {
    // Thrown before anything was sent: a credential plugin, a token refresh, an unreadable key.
    return new MirrordError('UNAUTHORIZED', `The credentials for ${server} cannot be had: ${reason}.`, {
      help: '"kubectl get pods" with the same kubeconfig and context must work.',
      cause: error,
    });
  }
  if (syscall.startsWith('spawn')) {
    return new MirrordError('UNAUTHORIZED', `The kubeconfig's credential plugin does not start: ${reason}.`, {
      help: 'Install it, or log in another way; "kubectl get pods" must work.',
      cause: error,
    });
  }
  return new MirrordError('CLUSTER_UNREACHABLE', `The API server ${server} cannot be reached: ${reason}.`, {
    help: 'Is the cluster running, and is the VPN on? "kubectl get pods" must work; --context names another cluster.',
    cause: error,
  });
}

function isStatusError(error: unknown): error is StatusError {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number';
}

/** The sentence in a Kubernetes Status (an object, or its JSON text), without its full stop. */
function statusMessage(body: unknown): string {
  let status = body;
  if (typeof body === 'string') {
    try {
      status = JSON.parse(body) as unknown;
    } catch {
      return body.trim().slice(0, 300).replace(/\.$/, '');
    }
  }
  const message = (status as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message.replace(/\.$/, '') : '';
}
