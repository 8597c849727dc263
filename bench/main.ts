// npm run bench: every figure beside its yardstick, in one run. --quick takes shorter and fewer rounds, --only ID those
// whose id begins like that, --json FILE writes them down, --plot FILE draws how latency grows (SVG), --awake keeps the load
// generator from sleeping.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { conversionFigures } from './core/conversions.ts';
import { mixedBlocksFigures, privateBlockFigure } from './core/memory.ts';
import { replayFigures } from './core/replay.ts';
import { growthChart } from './growth.ts';
import { drainFigures } from './http/async-drain.ts';
import { batchFigures } from './http/batches.ts';
import { singleFigures } from './http/single.ts';
import { disjointFigures, relayFigures } from './http/sync-listeners.ts';
import { appendFigures } from './journal/appends.ts';
import { startFigures } from './journal/start-up.ts';
import { type Figure, FULL, QUICK, type Scale } from './measure.ts';
import { Child } from './processes/child.ts';
import { removeDataFolders } from './processes/data-folder.ts';
import { lineChart } from './report/line-chart.ts';
import { plainTable } from './report/table.ts';
import { sliceFigures } from './slices/slices.ts';
import { traceFigure } from './trace.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
    plot: { type: 'string' },
    awake: { type: 'boolean', default: false },
  },
});

/** What belongs together, by the beginning of its ids. */
const SUITES: Record<string, (scale: Scale) => Figure[] | Promise<Figure[]>> = {
  core: async (scale) => [...(await conversionFigures(scale)), ...(await replayFigures(scale))],
  memory: async (scale) => [privateBlockFigure(), ...(await mixedBlocksFigures(scale))],
  journal: appendFigures,
  start: startFigures,
  trace: async (scale) => [await traceFigure(scale)],
  http: singleFigures,
  batch: batchFigures,
  listener: relayFigures,
  disjoint: disjointFigures,
  async: drainFigures,
  slices: sliceFigures,
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await cleanUp();
    process.exit(1);
  });
}

const { only } = options;
const scale: Scale = { ...(options.quick ? QUICK : FULL), isAwake: options.awake };
const figures: Figure[] = [];
try {
  for (const [name, run] of Object.entries(SUITES)) {
    if (!name.startsWith(only) && !only.startsWith(name)) continue;
    const started = performance.now();
    const found = await run(scale);
    figures.push(...found.filter(({ id }) => id.startsWith(only)));
    process.stderr.write(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  }
  if (options.plot !== undefined) await writeFile(options.plot, lineChart(await growthChart(scale)));
} finally {
  await cleanUp();
}
process.stdout.write(`${plainTable(figures)}\n`);
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(figures, null, 2)}\n`);
process.exitCode = figures.some(({ holds }) => holds === false) ? 1 : 0;

async function cleanUp(): Promise<void> {
  await Child.endAll();
  removeDataFolders();
}
