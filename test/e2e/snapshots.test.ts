// Snapshots: after many changes a start reads few records, and nothing is missing.
import { expect, it } from 'vitest';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { startService } from '../support/service.ts';

const PAGE = 4096;
const EVERY = 20;

it('a start after many changes reads a snapshot and few records', async () => {
  const journal = new MemoryJournal();
  const settings = { RBA_SNAPSHOT_EVERY: String(EVERY) };
  const first = await startService({ settings, openJournal: async () => journal });
  const { id } = await first.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '1G' });
  const path = `/v1/ram-blocks/${id}`;
  for (let n = 0; n < 10 * EVERY; n++) {
    await first.api.ok('POST', `${path}/conversions`, { offset: 2 * n * PAGE, size: PAGE, to: 'shared' });
  }
  const before = await first.api.ok('GET', path);
  await first.close();

  const [stored] = await Array.fromAsync(journal.blocks());
  expect(stored?.snapshot).not.toBeNull();
  expect(stored?.records.length).toBeLessThan(2 * EVERY);

  const second = await startService({ settings, openJournal: async () => journal });
  expect(await second.api.ok('GET', path)).toEqual(before);
  expect((await second.api.ok('GET', `${path}/conversions?limit=1000`)).items).toHaveLength(10 * EVERY);
  await second.close();
});
