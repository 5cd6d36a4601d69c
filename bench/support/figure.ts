// What a figure of the bench is: a comparison, measured in one run, whose ratio holds on any machine.

import type { Bench } from './bench.ts';

/** One comparison. The two numbers are medians unless `what` says otherwise; only their ratio is worth much. */
export interface Row {
  readonly what: string;
  readonly against: string;
  readonly unit: 'ms' | 'µs' | 'MB/s' | 'requests/s';
  readonly ours: number;
  readonly base: number;
}

export interface Figure {
  readonly name: string;
  /** One line for `--help`. */
  readonly title: string;
  readonly measure: (bench: Bench) => Promise<readonly Row[]>;
}
