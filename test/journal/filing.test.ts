// What becomes of records when the log is filed: few rows, no more than is asked for, and nothing lost where it fails.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlockRecord } from '../../src/core/records.ts';
import { GroupText } from '../../src/journal/group-text.ts';
import { HISTORY_LIMIT } from '../../src/journal/journal.ts';
import { parseSegment } from '../../src/journal/segment-text.ts';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { SqliteStore } from '../../src/journal/sqlite-store.ts';
import { answerOf, recordOf } from './records.ts';

const NEWEST = Number.MAX_SAFE_INTEGER;
const ID = 'blk_1';

let root: string;
let folder: string;
let store: SqliteStore;
let sequence: number;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rba-filing-'));
  folder = join(root, 'data');
  sequence = 0;
});

afterEach(() => {
  store.close();
  rmSync(root, { recursive: true });
});

/** Appends so many records as one group, every so many of which are conversions; the first creates the block. */
function commit(count: number, conversionEvery = 1, text = ''): void {
  const group = new GroupText();
  const records = Array.from({ length: count }, (_, index) => {
    const number = sequence + index + 1;
    const kind = number % conversionEvery === 0 ? 'source-changed' : 'block-resized';
    const conversions = kind === 'source-changed' ? 1 : 0;
    return recordOf({
      ramBlockId: ID,
      tag: `${number}`,
      text,
      ...(number === 1 ? { kind: 'block-created' } : { kind, conversions }),
    });
  });
  group.add('m', sequence, records);
  store.commit(group.take());
  store.fileWhenDue();
  sequence += count;
}

/** What SQLite finds in a copy of the folder. */
function query(sql: string): Record<string, unknown>[] {
  const copy = mkdtempSync(join(root, 'copy-'));
  cpSync(folder, copy, { recursive: true });
  const db = new DatabaseSync(join(copy, 'journal.sqlite'));
  const rows = db.prepare(sql).all();
  db.close();
  return rows;
}

function loaded(): unknown[] {
  const { texts, after } = store.load(ID);
  // What is parsed was made by recordOf.
  return [...texts]
    .flatMap((text) => parseSegment(text, after))
    .map((parsed) => Number((parsed as { tag: string }).tag));
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('filing', () => {
  it('of a record at a time leaves few segments', () => {
    store = new SqliteStore(folder, { logLimit: 1 });
    for (let index = 0; index < 300; index++) commit(1);
    expect(Number(query('SELECT COUNT(*) AS segments FROM segments')[0]?.segments)).toBeLessThan(20);
    expect(loaded()).toEqual(upTo(300));
  });

  it('cuts segments by records and by length, and a long record is alone', () => {
    store = new SqliteStore(folder, { logLimit: 1 });
    commit(2500);
    commit(3, 1, 'x'.repeat(200_000));
    const rows = query('SELECT first, last FROM segments ORDER BY last');
    expect(rows.map(({ first, last }) => [first, last])).toEqual([
      [1, 1000],
      [1001, 2000],
      [2001, 2500],
      [2501, 2501],
      [2502, 2502],
      [2503, 2503],
    ]);
    expect(loaded()).toEqual(upTo(2503));
  });

  it.each([
    [1, 512],
    [40, 960],
    [400, 4096],
  ])('of %i blocks comes when the log has %i KiB', (blocks, kib) => {
    store = new SqliteStore(folder);
    const ids = Array.from({ length: blocks }, (_, index) => `blk_${index}`);
    let length = 0;
    const append = (records: readonly BlockRecord[]): void => {
      const group = new GroupText();
      group.add('m', sequence, records);
      sequence += records.length;
      const text = group.take();
      length += text.length;
      store.commit(text);
      store.fileWhenDue();
    };
    const appendUpTo = (characters: number): void => {
      while (length < characters) {
        const ramBlockId = ids[sequence % blocks] ?? '';
        append([recordOf({ ramBlockId, kind: 'block-resized', tag: `${sequence}`, text: 'x'.repeat(8000) })]);
      }
    };
    append(ids.map((ramBlockId) => recordOf({ ramBlockId, kind: 'block-created', tag: '' })));
    appendUpTo(kib * 1024 - 10_000);
    expect(query('SELECT COUNT(*) AS count FROM segments')).toEqual([{ count: 0 }]);
    appendUpTo(kib * 1024);
    expect(query('SELECT COUNT(*) AS count FROM log')).toEqual([{ count: 0 }]);
  });

  it('does not come of reading', () => {
    store = new SqliteStore(folder);
    commit(3);
    for (let index = 0; index < 10; index++) {
      store.history(ID, NEWEST, 10);
      store.findAnswer('key');
      Array.from(store.load(ID).texts);
    }
    expect(query('SELECT * FROM segments')).toEqual([]);
    expect(query('SELECT number FROM log')).toEqual([{ number: 1 }]);
  });

  it('that fails loses nothing: the next call fails, and all is there when it is opened again', () => {
    store = new SqliteStore(folder, { logLimit: 200_000, maxPages: 90 });
    while (sequence < 10) commit(1, 1, 'x'.repeat(20_000));
    expect(() => commit(1)).toThrow(/full/);
    expect(() => store.history(ID, NEWEST, 1)).toThrow(/full/);
    store.close();
    store = new SqliteStore(folder);
    expect(loaded()).toEqual(upTo(10));
    commit(1);
    expect(loaded()).toEqual(upTo(11));
  });

  it('that fails at the end leaves all in the log', () => {
    store = new SqliteStore(folder, { maxPages: 90 });
    while (sequence < 10) commit(1, 1, 'x'.repeat(20_000));
    store.close();
    expect(query('SELECT COUNT(*) AS count FROM log')).toEqual([{ count: 10 }]);
    store = new SqliteStore(folder);
    expect(loaded()).toEqual(upTo(10));
  });

  it('that fails makes the journal unavailable, and no append is answered from then on', async () => {
    store = new SqliteStore(join(root, 'other'));
    const journal = await SqliteJournal.open(folder, { logLimit: 200_000, maxPages: 90 });
    const text = 'x'.repeat(20_000);
    await journal.append('m', 0, [recordOf({ ramBlockId: ID, kind: 'block-created', tag: '1', text })]);
    for (let last = 1; last < 10; last++) {
      await journal.append('m', last, [recordOf({ ramBlockId: ID, kind: 'block-resized', tag: '2', text })]);
    }
    await expect(journal.append('m', 10, [])).rejects.toMatchObject({ code: 'journal-unavailable' });
    await expect(journal.append('m', 10, [])).rejects.toMatchObject({ code: 'journal-unavailable' });
    await journal.close();
    const again = await SqliteJournal.open(folder);
    expect(await again.positions()).toEqual(new Map([['m', 10]]));
    await again.append('m', 10, [answerOf('key', 'body')]);
    await again.close();
  });
});

describe('reading back', () => {
  it('comes in pieces, none of which is longer for there being many records of a block', () => {
    store = new SqliteStore(folder, { logLimit: 1 });
    for (let index = 0; index < 30; index++) commit(1, 1, 'x'.repeat(index % 3 === 0 ? 300_000 : 100_000));
    const pieces = [...store.blocks()];
    const lengths = pieces.map((piece) => piece.flatMap(({ texts }) => texts).join('').length);
    expect(lengths.length).toBeGreaterThan(5);
    // Half a MiB, and a segment.
    expect(Math.max(...lengths)).toBeLessThan(512 * 1024 + 301_000);
    const tags = pieces.flat().flatMap(({ texts, after }) => texts.flatMap((text) => parseSegment(text, after)));
    expect(tags.map((parsed) => Number((parsed as { tag: string }).tag))).toEqual(upTo(30));
  });

  it('gives a block in several parts that follow each other, the first with its snapshot', async () => {
    store = new SqliteStore(folder);
    commit(3, NEWEST, 'x'.repeat(300_000));
    store.saveSnapshot(ID, 1, new Uint8Array([7]));
    commit(3, NEWEST, 'x'.repeat(300_000));
    store.close();
    const journal = await SqliteJournal.open(folder);
    const parts = await Array.fromAsync(journal.blocks());
    await journal.close();
    store = new SqliteStore(folder);
    expect(parts.map(({ ramBlockId }) => ramBlockId)).toEqual(parts.map(() => ID));
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.map(({ snapshot }) => snapshot?.length ?? 0)).toEqual(parts.map((_, index) => (index === 0 ? 1 : 0)));
    expect(parts.flatMap(({ records }) => records).map((record) => Reflect.get(record, 'tag'))).toEqual([
      '2',
      '3',
      '4',
      '5',
      '6',
    ]);
  });
});

describe('a snapshot', () => {
  it('lets all be forgotten but the conversions of the history', () => {
    store = new SqliteStore(folder, { logLimit: 100_000 });
    const count = 3 * HISTORY_LIMIT;
    while (sequence < count) commit(1000, 2);
    store.saveSnapshot(ID, sequence, new Uint8Array([1]));
    const rows = query('SELECT others, conversions FROM segments ORDER BY last');
    expect(rows.slice(0, -1).every(({ others }) => others === 0)).toBe(true);
    const kept = rows.reduce((sum, { conversions }) => sum + Number(conversions), 0);
    expect(kept).toBeGreaterThanOrEqual(HISTORY_LIMIT);
    expect(kept).toBeLessThan(HISTORY_LIMIT + 1000);
    commit(10, 2);
    store.close();
    store = new SqliteStore(folder);
    expect(loaded()).toEqual(Array.from({ length: 10 }, (_, index) => count + index + 1));
    const history: number[] = [];
    for (let last = NEWEST, isAll = false; !isAll; last = (history.at(-1) ?? 0) - 1) {
      const piece = store.history(ID, last, HISTORY_LIMIT - history.length);
      history.push(...piece.records.map(({ sequence }) => sequence));
      isAll = piece.isAll;
    }
    expect(history).toEqual(Array.from({ length: HISTORY_LIMIT }, (_, index) => count + 10 - 2 * index));
  });

  it('keeps what came after it', () => {
    store = new SqliteStore(folder, { logLimit: 100_000 });
    while (sequence < 10_000) commit(1000, 3);
    store.saveSnapshot(ID, 5500, new Uint8Array([1]));
    expect(loaded()).toEqual(upTo(10_000).slice(5500));
    store.saveSnapshot(ID, 5000, new Uint8Array([2]));
    expect(loaded()).toEqual(upTo(10_000).slice(5500));
  });

  it('that has no room is not kept, and all goes on', () => {
    store = new SqliteStore(folder, { maxPages: 50, logLimit: 1 });
    commit(10);
    store.saveSnapshot(ID, 5, new Uint8Array([1]));
    expect(() => store.saveSnapshot(ID, 10, new Uint8Array(1_000_000))).toThrow(/full/);
    expect(loaded()).toEqual([6, 7, 8, 9, 10]);
    commit(1);
    store.close();
    store = new SqliteStore(folder);
    expect(loaded()).toEqual([6, 7, 8, 9, 10, 11]);
  });

  it('of a block that has nothing but other records leaves one segment', () => {
    store = new SqliteStore(folder, { logLimit: 100_000 });
    for (let round = 0; round < 5; round++) {
      while (sequence < 5000 * (round + 1)) commit(1000, NEWEST);
      store.saveSnapshot(ID, sequence, new Uint8Array([1]));
    }
    expect(query('SELECT COUNT(*) AS segments FROM segments')).toEqual([{ segments: 1 }]);
  });
});

it('reads each record once where answers are to be forgotten while blocks are read in pieces', () => {
  store = new SqliteStore(folder);
  commit(40, 1, 'x'.repeat(50_000));
  const group = new GroupText();
  const last = recordOf({ ramBlockId: ID, kind: 'block-resized', tag: 'last' });
  group.add('m', sequence, [last, answerOf('old', '')]);
  store.commit(group.take());
  const tags: string[] = [];
  for (const pieces of store.blocks()) {
    store.forgetAnswers(2);
    const texts = pieces.flatMap((piece) => piece.texts);
    tags.push(...[...texts.join().matchAll(/"tag":"(\w+)"/g)].map(([, tag = '']) => tag));
  }
  expect(tags).toEqual([...Array.from({ length: 40 }, (_, index) => `${index + 1}`), 'last']);
  store.forgetAnswers(2);
  expect(store.findAnswer('old')).toBeNull();
});
