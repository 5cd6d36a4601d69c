// The demo's result, side by side, for a terminal of 100 columns.

import { styleText } from 'node:util';
import type { Views } from './program.ts';

export function table(plain: Views, mirrored: Views): string {
  const heads = ['what', 'plain', 'through mirrord'];
  const rows = [...mirrored].map(([what, value]) => [what, plain.get(what) ?? '', value]);
  const widths = heads.map((head, column) => Math.max(...[heads, ...rows].map((row) => (row[column] ?? head).length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd();
  const head = line(heads);
  return [bold(head), '─'.repeat(head.length), ...rows.map(line), ''].join('\n');
}

const bold = (text: string) => (process.stdout.isTTY ? styleText('bold', text) : text);
