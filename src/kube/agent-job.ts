// The Job that runs the agent: what it may do, and why. A Job, as in mirrord, because Kubernetes itself
// then cleans up: nothing of ours stays in a cluster, whatever becomes of the developer's machine.

import type { V1Job, V1SecurityContext, V1Toleration } from '@kubernetes/client-node';
import type { AgentConfig } from '../config/session-config.ts';
import { productVersion } from '../protocol/hello.ts';
import type { ResolvedTarget } from './target.ts';

/** The agent listens there on the loopback of its own pod; only a port-forward gets to it. */
export const agentPort = 61337;

/** Without a session for this long the agent ends itself. */
const idleSeconds = 10;
/** Whatever happens, no agent is older. */
const maxAgeSeconds = 24 * 60 * 60;

const capabilities = [
  // setns(2) into the target's network namespace.
  'SYS_ADMIN',
  // /proc/PID/root and /proc/PID/environ of a process of another user.
  'SYS_PTRACE',
  // The redirect rules, inside that network namespace.
  'NET_ADMIN',
  // chroot(2) into the target's root.
  'SYS_CHROOT',
  // Where the target's user is root, who may read all files.
  'DAC_OVERRIDE',
  // Its file calls are made as that user.
  'SETUID',
  'SETGID',
];

/** chown(2), and chmod(2) of a file of another owner: only where the configuration lets files be written. */
const writingCapabilities = ['CHOWN', 'FOWNER'];

function securityContext(writesFiles: boolean): V1SecurityContext {
  return {
    runAsUser: 0,
    runAsGroup: 0,
    runAsNonRoot: false,
    readOnlyRootFilesystem: true,
    // allowPrivilegeEscalation cannot be false beside SYS_ADMIN: the API server refuses it.
    capabilities: { drop: ['ALL'], add: writesFiles ? [...capabilities, ...writingCapabilities] : capabilities },
  };
}

/** A mesh's sidecar would wait for its control plane, and a Job's pod with one never ends. */
const meshLabels = { 'sidecar.istio.io/inject': 'false', 'kuma.io/sidecar-injection': 'disabled' };
const meshAnnotations = {
  ...meshLabels,
  'linkerd.io/inject': 'disabled',
  'consul.hashicorp.com/connect-inject': 'false',
};

/** An agent without a target makes connections and asks name servers, as any pod may. */
const unprivilegedContext: V1SecurityContext = {
  runAsUser: 65_534,
  runAsGroup: 65_534,
  runAsNonRoot: true,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** What the agent is for. */
export type AgentTask = {
  /** Undefined for a session without a target. */
  readonly target?: ResolvedTarget | undefined;
  /** The session may change files of the target. */
  readonly writesFiles?: boolean;
};

export function agentJob(
  name: string,
  namespace: string,
  { target, writesFiles = false }: AgentTask,
  config: AgentConfig,
): V1Job {
  const labels = {
    ...config.labels,
    'app.kubernetes.io/name': 'mirrord-agent',
    'app.kubernetes.io/managed-by': 'mirrord',
    'app.kubernetes.io/version': labelValue(productVersion),
    ...(target && {
      'mirrord.dev/target-pod': labelValue(target.pod),
      'mirrord.dev/target-namespace': labelValue(target.namespace),
    }),
  };
  const annotations = { ...meshAnnotations, ...config.annotations };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, labels, annotations },
    spec: {
      ttlSecondsAfterFinished: 1,
      backoffLimit: 0,
      activeDeadlineSeconds: maxAgeSeconds,
      template: {
        metadata: { labels: { ...meshLabels, ...labels }, annotations },
        spec: {
          restartPolicy: 'Never',
          // Connections that it passes on to the target have a moment to end; the agent itself waits no longer.
          terminationGracePeriodSeconds: 5,
          // Past the scheduler: an agent on another node would find no target. And to find its processes,
          // whose ids are the node's, hostPID.
          ...(target && { nodeName: target.node, hostPID: true }),
          // (The cast: a member that is undefined is not there in JSON.)
          tolerations: config.tolerations as V1Toleration[],
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          ...(config.serviceAccount === undefined ? {} : { serviceAccountName: config.serviceAccount }),
          ...(config.priorityClass === undefined ? {} : { priorityClassName: config.priorityClass }),
          imagePullSecrets: config.imagePullSecrets.map((secret) => ({ name: secret })),
          containers: [
            {
              name: 'mirrord-agent',
              image: config.image,
              imagePullPolicy: config.imagePullPolicy,
              env: agentEnvironment(target, config),
              resources: resources(config),
              securityContext: target === undefined ? unprivilegedContext : securityContext(writesFiles),
              // What it said last is in the pod's status then, so that no right to read logs is needed.
              terminationMessagePolicy: 'FallbackToLogsOnError',
            },
          ],
        },
      },
    },
  };
}

function agentEnvironment(target: ResolvedTarget | undefined, config: AgentConfig): { name: string; value: string }[] {
  return Object.entries({
    MIRRORD_AGENT_PORT: String(agentPort),
    ...(target === undefined
      ? { MIRRORD_AGENT_TARGETLESS: 'true' }
      : { MIRRORD_AGENT_CONTAINER_ID: target.containerId }),
    MIRRORD_AGENT_IDLE_S: String(idleSeconds),
    MIRRORD_AGENT_LOG: config.logLevel,
    // File calls block a thread of libuv's pool each; the default 4 would make sessions wait for each other.
    UV_THREADPOOL_SIZE: '16',
  }).map(([name, value]) => ({ name, value }));
}

function resources({ resources: { requests, limits } }: AgentConfig): {
  requests?: Record<string, string>;
  limits?: Record<string, string>;
} {
  return { ...(requests === undefined ? {} : { requests }), ...(limits === undefined ? {} : { limits }) };
}

/** A label's value: at most 63 letters, digits, `-`, `_`, `.`, and a letter or digit at both ends. */
export function labelValue(text: string): string {
  return text
    .replace(/[^A-Za-z0-9_.-]/g, '-')
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
