// How long the service takes to read its journal back, with and without snapshots, beside iterating and parsing the rows.
// Every sample is a process of its own, as a start is.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { alternate, type Figure, figure, type Scale, scaled } from '../measure.ts';
import { Child } from '../processes/child.ts';
import { makeDataFolder, removeDataFolder } from '../processes/data-folder.ts';
import type { Starter } from './starter.ts';

const RECORDS = 1_000_000;
const BLOCKS = 1000;
const ROUNDS = 5;

export async function startFigures(scale: Scale): Promise<Figure[]> {
  const plain = makeDataFolder();
  const snapshots = makeDataFolder();
  // With fewer records a start would be little else than the start of the journal's thread.
  const enough = { ...scale, share: Math.max(scale.share, 0.06) };
  const records = scaled(RECORDS, enough);
  const blocks = scaled(BLOCKS, enough);
  const fresh = async <T>(task: (starter: Child<Starter>) => Promise<T>): Promise<T> => {
    const starter = new Child<Starter>('./starter.ts', import.meta.url);
    const result = await task(starter);
    await starter.end();
    return result;
  };
  await fresh((starter) => starter.call('write', plain, records, blocks));
  cpSync(join(plain, 'journal.sqlite'), join(snapshots, 'journal.sqlite'));
  await fresh((starter) => starter.call('saveSnapshots', snapshots));
  const samples = await alternate(ROUNDS, {
    plain: () => fresh((starter) => starter.call('readBack', plain)),
    parse: () => fresh((starter) => starter.call('parseRows', plain)),
    snapshots: () => fresh((starter) => starter.call('readBack', snapshots)),
  });
  removeDataFolder(plain);
  removeDataFolder(snapshots);
  const what = `start with ${records.toLocaleString('en-US')} records of ${blocks} blocks`;
  return [
    figure({ id: 'start', what: `${what} : iterating and parsing them`, unit: 'ms' }, samples.plain, samples.parse, {
      atMost: 2,
    }),
    figure(
      { id: 'start-snapshots', what: '  the same with a snapshot of each block', unit: 'ms' },
      samples.snapshots,
      samples.parse,
      { atMost: 0.2 },
    ),
  ];
}
