// What a public function of fs was told and does not pass on to where we can see it. The functions in question call
// the binding before they return, so what they were told is known there while they run.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** The value of the innermost call that runs now. */
export interface During<Value> {
  readonly now: Value | undefined;
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Replaces public functions by ones that note what they are told, and call on.
 * @param holders each with the functions of these names, such as `fs` and `fs.promises`
 * @param told takes it from the arguments
 */
export function noteDuring<Value>(
  name: 'readFile' | 'watchFile',
  holders: readonly object[],
  told: (args: readonly unknown[]) => Value,
): During<Value> {
  const during: { now: Value | undefined } = { now: undefined };
  for (const holder of holders as Record<string, AnyFunction>[]) {
    const original = holder[name] as AnyFunction;
    holder[name] = function (...args) {
      const before = during.now;
      during.now = told(args);
      try {
        return original.apply(this, args);
      } finally {
        during.now = before;
      }
    };
    Object.defineProperty(holder[name], 'name', { value: name });
  }
  syncBuiltinESMExports();
  return during;
}

/** Both places of a function that has a promise form. */
export const bothForms = [fs, fs.promises] as const;
