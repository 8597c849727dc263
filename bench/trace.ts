// Reading a recorded trace: what the parser takes beside reading the file and cutting it into lines.
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTrace } from '../src/cli/trace-source.ts';
import { alternate, type Figure, figure, type Scale, scaled } from './measure.ts';
import { makeDataFolder, removeDataFolder } from './processes/data-folder.ts';

const EXAMPLE = new URL('../examples/synthetic-boot-16g.ftrace', import.meta.url);
const LINES = 1_000_000;
/** Bytes of a piece, as the parser reads. */
const PIECE = 256 * 1024;
/** Of a run that takes seconds. */
const ROUNDS = 5;

export async function traceFigure(scale: Scale): Promise<Figure> {
  const folder = makeDataFolder();
  const file = join(folder, 'trace');
  const lines = scaled(LINES, scale);
  writeTrace(file, lines);
  const timedCount = async (read: () => Promise<number>): Promise<number> => {
    const start = performance.now();
    const found = await read();
    if (found !== lines) throw new Error(`${found} lines were read, not ${lines}`);
    return performance.now() - start;
  };
  const measured = { parse: () => timedCount(() => parse(file)), split: () => timedCount(() => split(file)) };
  await alternate(1, measured);
  const { parse: values, split: yardsticks } = await alternate(ROUNDS, measured);
  removeDataFolder(folder);
  const what = `parsing a trace of ${lines.toLocaleString('en-US')} lines : reading and splitting them`;
  return figure({ id: 'trace', what, unit: 'ms' }, values, yardsticks, { atMost: 3 });
}

/** The example of a boot, again and again. */
function writeTrace(file: string, count: number): void {
  const example = readFileSync(EXAMPLE, 'latin1').trimEnd().split('\n');
  const written = Array.from({ length: count }, (_, index) => example[index % example.length]);
  writeFileSync(file, `${written.join('\n')}\n`);
}

async function parse(file: string): Promise<number> {
  const reader = (await findTrace(file, process.stdin)).open();
  let conversions = 0;
  for await (const events of reader.batches()) {
    for (const _event of events) conversions++;
  }
  if (conversions === 0) throw new Error('the trace has no conversions');
  return reader.lines;
}

async function split(file: string): Promise<number> {
  let rest = '';
  let lines = 0;
  const pieces: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: PIECE });
  for await (const piece of pieces) {
    const cut = (rest + piece.toString('latin1')).split('\n');
    rest = cut.pop() ?? '';
    lines += cut.length;
  }
  return lines;
}
