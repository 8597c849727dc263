// Bitmaps that are being read: as they were, shared by their readers, and bounded in all.
import { setImmediate } from 'node:timers';
import { expect, it } from 'vitest';
import { CHUNK_PAGES } from '../../src/core/chunk-words.ts';
import { PageBitmap } from '../../src/core/page-bitmap.ts';
import { type BitmapReading, FrozenBitmaps } from '../../src/service/frozen-bitmaps.ts';

const UNDER_WAY = 128 * 1024;
const CHUNKS = 64;
const LENGTH = CHUNKS * CHUNK_PAGES;

/** Every chunk is mixed, and each is another. */
function mixed(): PageBitmap {
  const bitmap = new PageBitmap(LENGTH);
  for (let chunk = 0; chunk < CHUNKS; chunk++)
    bitmap.set({ start: chunk * CHUNK_PAGES + 3, end: chunk * (CHUNK_PAGES + 1) + 5 });
  return bitmap;
}

async function read({ pieces }: BitmapReading): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const piece of pieces) chunks.push(piece);
  return new Uint8Array(Buffer.concat(chunks));
}

const bytesOf = (bitmap: PageBitmap, start: number, end: number): Uint8Array => {
  const pages = bitmap.words(start, Math.ceil((end - start) / 32), end);
  return new Uint8Array(pages.buffer, 0, Math.ceil((end - start) / 8));
};

it.each([0, 1, CHUNK_PAGES, CHUNK_PAGES + 7, 5 * CHUNK_PAGES - 1])(
  'shows the pages from %i on as they were',
  async (start) => {
    const bitmap = mixed();
    const expected = bytesOf(bitmap, start, LENGTH - 3);
    const reading = new FrozenBitmaps(2 ** 30).read(bitmap, { start, end: LENGTH - 3 }, 1);
    for (let page = 0; page < LENGTH; page += CHUNK_PAGES / 2) bitmap.set({ start: page, end: page + 9 });
    bitmap.clear({ start: 2 * CHUNK_PAGES, end: 4 * CHUNK_PAGES });
    expect(Buffer.compare(await read(reading), expected)).toBe(0);
  },
);

it('holds one copy for all readers of a state, and refuses what would be beyond the limit', () => {
  const bitmap = mixed();
  const all = { start: 0, end: LENGTH };
  const frozen = new FrozenBitmaps(2 ** 30);
  const first = frozen.read(bitmap, all, 1);
  const held = frozen.held;
  const second = frozen.read(bitmap, { start: 9, end: 10_000 }, 1);
  expect(frozen.held).toBe(held + UNDER_WAY);
  // After a change it is another state.
  const third = frozen.read(bitmap, all, 2);
  expect(frozen.held).toBe(2 * held + UNDER_WAY);
  for (const each of [first, second, third, first]) each.release();
  expect(frozen.held).toBe(0);

  const bounded = new FrozenBitmaps(held + UNDER_WAY);
  const one = bounded.read(bitmap, all, 1);
  const other = bounded.read(bitmap, all, 1);
  expect(() => bounded.read(bitmap, all, 1)).toThrow('RBA_BITMAP_MEMORY_LIMIT');
  other.release();
  expect(() => bounded.read(bitmap, all, 2)).toThrow('RBA_BITMAP_MEMORY_LIMIT');
  one.release();
  bounded.read(bitmap, all, 2).release();
  expect(bounded.held).toBe(0);
  // One by itself is never refused.
  expect(() => new FrozenBitmaps(1).read(bitmap, all, 1)).not.toThrow();
});

it('lets others have a turn while pieces are put together', async () => {
  const length = 128 * CHUNK_PAGES * 16;
  const reading = new FrozenBitmaps(2 ** 30).read(new PageBitmap(length), { start: 0, end: length }, 1);
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await read(reading);
  isOver = true;
  expect(turns).toBeGreaterThanOrEqual(128 / 8 - 1);
});
