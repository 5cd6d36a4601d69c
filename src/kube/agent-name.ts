// The name of an agent's Job. Sessions that can share an agent come to the same name, so that the API
// server is the lock: the first creates the Job, the others are told that it exists and join it.

import { createHash, randomBytes } from 'node:crypto';
import { protocolVersion } from '../protocol/schema.ts';
import type { AgentTask } from './agent-job.ts';

/** Lower-case letters and digits, as names in Kubernetes are; 32 of them, so that each is as likely. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const length = 10;

/**
 * What an agent cannot change later is in the name: its container, its program, its rights. (What else a
 * configuration says of an agent, as its resources, is as the first session has it.)
 */
export function agentName({ target, writesFiles = false }: AgentTask, image: string): string {
  // Without a target there is nothing to share.
  if (target === undefined) return named(randomBytes(length));
  const { namespace, podUid, containerId } = target;
  const shared = [namespace, podUid, containerId, image, protocolVersion.major, writesFiles];
  return named(createHash('sha256').update(JSON.stringify(shared)).digest());
}

function named(bytes: Buffer): string {
  return `mirrord-agent-${[...bytes.subarray(0, length)].map((byte) => alphabet[byte % alphabet.length]).join('')}`;
}
