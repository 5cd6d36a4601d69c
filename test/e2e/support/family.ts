// What the program test/apps/probe/family.mjs printed: a line from each of its processes and threads.

import assert from 'node:assert/strict';

interface Member {
  readonly who: string;
  readonly region?: string;
  readonly greeting?: string;
  readonly from?: string;
}

/** Asserts that exactly these members of the family have printed, and that each of them is in the pod. */
export function assertInPod(stdout: string, members: readonly string[]): void {
  const seen = membersOf(stdout).filter(({ who }) => members.includes(who));
  const inPod = { region: 'pod-land', greeting: 'hello from the pod', from: 'prices' };
  assert.deepEqual(
    seen,
    members.map((who) => ({ who, ...inPod })),
  );
}

export function membersOf(stdout: string): Member[] {
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Member);
}
