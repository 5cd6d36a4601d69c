// A regular expression of a filter, matched without regard to case. The texts come from anybody, so no pattern
// may run away: RE2's engine, which needs time in proportion to the text, does all but look-around and
// back-references. Those are JavaScript's, under a time limit (within-time.ts).

import { RE2JS } from 're2js';

export interface Pattern {
  test(text: string): boolean;
  /** Matching can take any time: it has to be run with a limit. */
  readonly isUnbounded: boolean;
}

/** @throws Error with what is wrong with it */
export function compilePattern(source: string): Pattern {
  try {
    const expression = RE2JS.compile(source, RE2JS.CASE_INSENSITIVE);
    return { isUnbounded: false, test: (text) => expression.test(text) };
  } catch (error) {
    if (!needsBacktracking.test(source)) throw error;
  }
  // These mean something else to JavaScript than to mirrord, without being an error.
  const other = /\[\[:[^\]]*:\]|\\[AzZhHK]|\(\?[imsxU-]+[:)]|\(\?P|\(\?>/.exec(source)?.[0];
  if (other !== undefined) throw new Error(`"${other}" cannot stand beside look-around or a back-reference`);
  const expression = new RegExp(source, 'i');
  return { isUnbounded: true, test: (text) => expression.test(text) };
}

const needsBacktracking = /\(\?<?[=!]|\\[1-9]|\\k</;
