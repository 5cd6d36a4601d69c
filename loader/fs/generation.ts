// Counts the changes that this thread makes to files of the pod: what was read ahead before one is not used after it.

let changes = 0;

export function noteChange(): void {
  changes++;
}

export function generation(): number {
  return changes;
}
