// Figures as a table of plain text, for the terminal and for the documentation alike.
import type { Figure } from '../measure.ts';

const COLUMNS = ['id', 'what', 'value', 'yardstick', 'ratio', 'reach', ''];

export function plainTable(figures: readonly Figure[]): string {
  const rows = [COLUMNS, ...figures.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return lines.map((line) => line.trimEnd()).join('\n');
}

function cells({ id, what, value, yardstick, unit, ratio, reach, holds }: Figure): string[] {
  const verdict = holds === null ? '' : holds ? 'holds' : 'MISSED';
  return [id, what, `${readable(value)} ${unit}`, `${readable(yardstick)} ${unit}`, ratio.toFixed(2), reach, verdict];
}

/** Three figures are all that such a measurement has. */
function readable(value: number): string {
  if (value >= 100) return Math.round(Number(value.toPrecision(3))).toLocaleString('en-US');
  return value.toPrecision(3);
}
