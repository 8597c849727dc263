// Durable appends: what the journal takes beside a file that is only written and synced.
import { join } from 'node:path';
import type { BlockRecord } from '../../src/core/records.ts';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { createBlock, GIB } from '../core/blocks.ts';
import { alternate, type Figure, figure, median, type Reach, rateAt, type Scale } from '../measure.ts';
import { makeDataFolder, removeDataFolder } from '../processes/data-folder.ts';
import { RawLog } from './raw-log.ts';

/** The wait of one client has a reach; throughput beyond the rate of HTTP is only shown. */
const REACH: Readonly<Record<number, Reach>> = { 1: { atLeast: 0.5 } };
const BYTES = 200;
const MACHINE = 'bench';
const RAM_BLOCK_ID = 'blk_01a2069582dc0000d37e5c0d';
const AT = '2026-11-23T01:26:26.637Z';

export async function appendFigures(scale: Scale): Promise<Figure[]> {
  const folder = makeDataFolder();
  const journal = await SqliteJournal.open(folder);
  const raw = await RawLog.open(join(folder, 'raw'));
  const { definition: block } = createBlock(GIB);
  let sequence = 0;
  const append = (record: BlockRecord): Promise<void> => journal.append(MACHINE, sequence++, [record]);
  await append({ ramBlockId: RAM_BLOCK_ID, kind: 'block-created', block, sources: [], at: AT });
  const record = recordOf(BYTES);
  const bytes = Buffer.from(JSON.stringify(record));
  const figures: Figure[] = [];
  for (const waiting of [1, 64, 1000]) {
    const measured = {
      journal: () => appendsPerSecond(() => append(record), waiting, scale.windowMs),
      raw: () => appendsPerSecond(() => raw.append(bytes), waiting, scale.windowMs),
    };
    await alternate(2, measured);
    const { journal: values, raw: yardsticks } = await alternate(scale.rounds, measured);
    const what = `durable appends of ${BYTES} bytes, ${waiting.toLocaleString('en-US')} waiting : write and fdatasync`;
    figures.push(figure({ id: `journal-${waiting}`, what, unit: '/s' }, values, yardsticks, REACH[waiting] ?? null));
  }
  await journal.close();
  await raw.close();
  removeDataFolder(folder);
  return figures;
}

/** A record of so many bytes. */
function recordOf(length: number): BlockRecord {
  const record = (description: string): BlockRecord => ({
    ramBlockId: RAM_BLOCK_ID,
    kind: 'listener-changed',
    listenerId: 'lsn_01a206958401000032636fb0',
    changes: { description },
    at: AT,
  });
  return record('x'.repeat(length - JSON.stringify(record('')).length));
}

/** Keeps `waiting` appends under way for so long. */
async function appendsPerSecond(append: () => Promise<void>, waiting: number, milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds;
  const took: number[] = [];
  const keepAppending = async (): Promise<void> => {
    let last = performance.now();
    while (last < end) {
      await append();
      const now = performance.now();
      took.push(now - last);
      last = now;
    }
  };
  await Promise.all(Array.from({ length: waiting }, keepAppending));
  return rateAt(median(took), waiting);
}
