// The bench's result as one aligned table.

import type { Row } from './figure.ts';

export type NamedRow = Row & { readonly figure: string };

export function table(rows: readonly NamedRow[]): string {
  const heads = ['figure', 'what', 'ratio', 'ours', 'base', 'difference', 'against'];
  const cells = rows.map((row) => [
    row.figure,
    row.what,
    `${(row.ours / row.base).toFixed(2)} x`,
    figure(row.ours, row.unit),
    figure(row.base, row.unit),
    `${row.ours < row.base ? '-' : '+'}${figure(Math.abs(row.ours - row.base), row.unit)}`,
    row.against,
  ]);
  const widths = heads.map((head, column) => Math.max(...[heads, ...cells].map((row) => (row[column] ?? head).length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

const isNumber = (column: number) => column >= 2 && column <= 5;

function figure(value: number, unit: Row['unit']): string {
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`;
}
