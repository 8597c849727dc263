// npm run bench: every figure beside its yardstick, in one run. --quick takes fewer rounds, --json FILE writes it all down.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { coreFigures } from './core.ts';
import type { Figure } from './measure.ts';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
});

const figures = coreFigures(options.quick ? 11 : 101);
process.stdout.write(`${table(figures)}\n`);
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(figures, null, 2)}\n`);
process.exitCode = figures.every(({ holds }) => holds) ? 0 : 1;

function table(rows: readonly Figure[]): string {
  const cells = rows.map(({ what, value, yardstick, unit, ratio, reach, holds }) => [
    what,
    `${value.toFixed(2)} ${unit}`,
    `${yardstick.toFixed(2)} ${unit}`,
    ratio.toFixed(2),
    reach,
    holds ? 'holds' : 'MISSED',
  ]);
  const all = [['what', 'value', 'yardstick', 'ratio', 'reach', ''], ...cells];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
