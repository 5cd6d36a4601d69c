// Samples of two or more sides, taken in turns so that what else the machine does falls on all of them.

/** @param fraction 0.5 is the median */
export function quantile(samples: readonly number[], fraction: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/**
 * Asks each side for samples, again and again; each round begins with another side. The first round warms up
 * and is dropped.
 * @returns all samples of each side
 */
export async function inTurns<Side extends string>(
  rounds: number,
  sides: Readonly<Record<Side, () => Promise<readonly number[]> | readonly number[]>>,
): Promise<Record<Side, readonly number[]>> {
  const names = Object.keys(sides) as Side[]; // the record's own keys
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Side, number[]>;
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length];
      if (name === undefined) continue;
      const taken = await sides[name]();
      if (round > 0) samples[name].push(...taken);
    }
  }
  return samples;
}
