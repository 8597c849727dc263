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

it('a few changes that take many bytes are enough for a snapshot, and a start reads a block in whatever pieces it comes', async () => {
  const journal = new MemoryJournal();
  const openJournal = async () => journal;
  const first = await startService({ openJournal, settings: { RBA_CHANGE_RUNS_LIMIT: String(2 ** 20) } });
  const { id } = await first.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '2G' });
  const path = `/v1/ram-blocks/${id}`;
  const headers = { 'content-type': 'application/octet-stream' };
  // Every other page of 2 GiB: 2^18 runs.
  for (const byte of [0x55, 0xaa]) {
    await first.api.ok('PUT', `${path}/bitmap`, new Uint8Array(2 ** 16).fill(byte), { headers });
  }
  const [stored] = await Array.fromAsync(journal.blocks());
  expect(stored?.snapshot).not.toBeNull();
  for (let n = 0; n < 5; n++) {
    await first.api.ok('POST', `${path}/conversions`, { offset: 4 * n * PAGE, size: PAGE, to: 'shared' });
  }
  const before = await first.api.ok('GET', path);
  await first.close();

  const { blocks } = journal;
  journal.blocks = async function* () {
    for await (const { ramBlockId, snapshot, records } of blocks.call(journal)) {
      yield { ramBlockId, snapshot, records: [] };
      for (const record of records) yield { ramBlockId, snapshot: null, records: [record] };
    }
  };
  const second = await startService({ openJournal });
  expect(await second.api.ok('GET', path)).toEqual(before);
  await second.close();
});
