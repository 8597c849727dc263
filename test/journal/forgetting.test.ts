// What is kept, what is forgotten, and that both are done in slices: none holds up a commit for long, and whatever is cut
// short between two of them loses nothing.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HISTORY_LIMIT } from '../../src/journal/journal.ts';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { SqliteStore } from '../../src/journal/sqlite-store.ts';
import { answerOf, appendOf, blocksIn, doChores, recordOf, recordsIn, runsOf, tagOf, whole } from './records.ts';

const NEWEST = Number.MAX_SAFE_INTEGER;
const ID = 'blk_1';
const MIB = 2 ** 20;

let root: string;
let folder: string;
let store: SqliteStore;
let sequence: number;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rba-forgetting-'));
  folder = join(root, 'data');
  sequence = 0;
  store = new SqliteStore(folder);
});

afterEach(() => {
  store.close();
  rmSync(root, { recursive: true });
});

interface Kinds {
  /** Every so many records are changes, with so many conversions each. */
  readonly changeEvery?: number;
  readonly conversions?: number;
  readonly text?: string;
  readonly runs?: number;
}

/** Appends so many records of {@link ID} as one group; the first ever creates it. The tag of each is its sequence. */
function commit(count: number, { changeEvery = 1, conversions = 1, text = '', runs = 0 }: Kinds = {}): void {
  const records = Array.from({ length: count }, (_, index) => {
    const number = sequence + index + 1;
    const isChange = number % changeEvery === 0;
    const kind = number === 1 ? 'block-created' : isChange ? 'source-changed' : 'block-resized';
    return recordOf({ ramBlockId: ID, kind, conversions, tag: `${number}`, text, runs });
  });
  store.commit([appendOf('m', sequence, records)]);
  sequence += count;
}

function saveSnapshot(at: number, bytes = new Uint8Array([7])): void {
  whole(store.saveSnapshot(ID, at, bytes));
  doChores(store);
}

function reopen(): void {
  store.close();
  store = new SqliteStore(folder);
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

const countOf = (table: string): number => Number(query(`SELECT COUNT(*) AS count FROM ${table}`)[0]?.count);
const loaded = (): number[] => (blocksIn(store)[0]?.tags ?? []).map(Number);
const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('a snapshot', () => {
  it('lets all be forgotten but the conversions of the history', () => {
    const count = 3 * HISTORY_LIMIT;
    while (sequence < count) commit(1000, { changeEvery: 2 });
    saveSnapshot(count);
    expect(countOf('records')).toBe(HISTORY_LIMIT);
    commit(10, { changeEvery: 2 });
    reopen();
    expect(loaded()).toEqual(from(count + 1, count + 10));
    const history: number[] = [];
    for (let next: number | null = null; next !== 0; ) {
      const piece = store.history(ID, next, NEWEST, NEWEST);
      history.push(...piece.records.map((record) => record.sequence));
      next = piece.next;
    }
    expect(history).toEqual(Array.from({ length: HISTORY_LIMIT + 5 }, (_, index) => count + 10 - 2 * index));
  });

  it('counts the conversions of batches, and keeps no more of them than the history needs', () => {
    commit(1000, { changeEvery: NEWEST });
    for (let batch = 0; batch < 30; batch++) commit(1, { conversions: HISTORY_LIMIT / 10 });
    saveSnapshot(sequence);
    expect(query('SELECT sequence FROM records ORDER BY number').map((row) => row.sequence)).toEqual(
      from(sequence - 9, sequence),
    );
  });

  it('keeps what came after it, and an older one changes nothing', () => {
    while (sequence < 10_000) commit(1000, { changeEvery: 3 });
    saveSnapshot(5500);
    expect(loaded()).toEqual(from(5501, 10_000));
    saveSnapshot(5000, new Uint8Array([2]));
    expect(loaded()).toEqual(from(5501, 10_000));
    expect(blocksIn(store)[0]?.snapshot).toEqual([7]);
  });

  it('that has no room is not kept, and all goes on', () => {
    store.close();
    store = new SqliteStore(folder, { maxPages: 50 });
    commit(10);
    saveSnapshot(5);
    expect(() => saveSnapshot(10, new Uint8Array(MIB))).toThrow(/full/);
    expect(loaded()).toEqual(from(6, 10));
    commit(1);
    reopen();
    expect(loaded()).toEqual(from(6, 11));
  });

  it('comes in parts, each written by itself, while others commit; it is kept once all of them are', () => {
    commit(3);
    saveSnapshot(1, new Uint8Array(10));
    const bytes = new Uint8Array(3.5 * MIB).map((_, index) => index % 251);
    const saving = store.saveSnapshot(ID, 3, bytes);
    for (let part = 0; part < 3; part++) {
      expect(saving.next().done).toBe(false);
      commit(1);
      expect(query('SELECT snapshot FROM blocks')).toEqual([{ snapshot: 1 }]);
    }
    expect(saving.next().done).toBe(true);
    doChores(store);
    expect(query('SELECT DISTINCT sequence FROM snapshots')).toEqual([{ sequence: 3 }]);
    reopen();
    const [first] = [...store.blocks(null)];
    expect(Buffer.from(first?.snapshots[0]?.snapshot ?? []).equals(bytes)).toBe(true);
    expect(loaded()).toEqual([4, 5, 6]);
  });

  it('that was cut short leaves the one before, and what is left of it goes with the next', () => {
    commit(3);
    saveSnapshot(1);
    const saving = store.saveSnapshot(ID, 2, new Uint8Array(3 * MIB));
    saving.next();
    reopen();
    expect(blocksIn(store)).toEqual([{ ramBlockId: ID, snapshot: [7], tags: ['2', '3'] }]);
    saveSnapshot(3, new Uint8Array([8]));
    expect(query('SELECT sequence FROM snapshots')).toEqual([{ sequence: 3 }]);
    expect(blocksIn(store)).toEqual([{ ramBlockId: ID, snapshot: [8], tags: [] }]);
  });

  it('of a block that is deleted meanwhile is not kept', () => {
    commit(3);
    const saving = store.saveSnapshot(ID, 3, new Uint8Array(3 * MIB));
    saving.next();
    store.commit([appendOf('m', sequence, [recordOf({ ramBlockId: ID, kind: 'block-deleted', tag: '' })])]);
    whole(saving);
    doChores(store);
    expect(blocksIn(store)).toEqual([]);
    expect(countOf('snapshots')).toBe(0);
  });
});

describe('a deleted block', () => {
  let chore: Generator<void, void> | undefined;
  /** Does a slice. */
  const work = (): void => {
    chore ??= store.nextChore();
    if (chore?.next().done) chore = undefined;
  };
  const remove = (): void => {
    store.commit([appendOf('m', sequence, [recordOf({ ramBlockId: ID, kind: 'block-deleted', tag: '' })])]);
    sequence++;
  };

  it('goes at once for who reads, and its rows in slices, also after a restart in between', () => {
    commit(1);
    saveSnapshot(1);
    while (sequence < 3000) commit(500, { text: 'x'.repeat(900), runs: 40 });
    remove();
    expect(blocksIn(store)).toEqual([]);
    expect(store.history(ID, null, NEWEST, 10).records).toEqual([]);
    for (let slice = 0; slice < 5; slice++) work();
    const left = countOf('records');
    expect(left).toBeGreaterThan(1000);
    expect(left).toBeLessThan(3000);
    reopen();
    expect(blocksIn(store)).toEqual([]);
    // What is left of a block goes when records are forgotten next.
    const others = Array.from({ length: 1000 }, (_, index) => {
      const kind = index === 0 ? 'block-created' : 'block-resized';
      return recordOf({ ramBlockId: 'blk_2', kind, tag: '' });
    });
    store.commit([appendOf('m', sequence, others)]);
    sequence += 1000;
    whole(store.saveSnapshot('blk_2', sequence, new Uint8Array([1])));
    doChores(store);
    expect(['blocks', 'records', 'record_parts', 'snapshots'].map(countOf)).toEqual([1, 0, 0, 1]);
    expect(store.positions()).toEqual([['m', sequence]]);
  });
});

describe('reading back', () => {
  it('comes in pieces, none of which is longer for there being many records of a block', () => {
    for (let index = 0; index < 30; index++) commit(1, { text: 'x'.repeat(index % 3 === 0 ? 300_000 : 100_000) });
    const pieces = [...store.blocks(null)];
    const lengths = pieces.map(({ records }) => records.join('').length);
    expect(lengths.length).toBeGreaterThan(3);
    // A MiB, and a record.
    expect(Math.max(...lengths)).toBeLessThan(MIB + 301_000);
    expect(pieces.flatMap(recordsIn).map(tagOf)).toEqual(from(1, 30).map(String));
  });

  it('gives a block in several pieces, the first with its snapshot', async () => {
    commit(3, { changeEvery: NEWEST, text: 'x'.repeat(300_000) });
    saveSnapshot(1);
    commit(3, { changeEvery: NEWEST, text: 'x'.repeat(300_000) });
    store.close();
    const journal = await SqliteJournal.open(folder);
    const parts = await Array.fromAsync(journal.blocks());
    await journal.close();
    store = new SqliteStore(folder);
    expect(parts.map(({ ramBlockId }) => ramBlockId)).toEqual(parts.map(() => ID));
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.map(({ snapshot }) => snapshot?.length ?? 0)).toEqual(parts.map((_, index) => (index === 0 ? 1 : 0)));
    expect(parts.flatMap(({ records }) => records).map(tagOf)).toEqual(['2', '3', '4', '5', '6']);
  });

  it('gives long lists back as they were, though no row has more than a part of one', () => {
    const count = 200_000;
    commit(1);
    commit(1, { changeEvery: NEWEST, runs: count });
    expect(countOf('record_parts')).toBeGreaterThan(2);
    const records = [...store.blocks(null)].flatMap(recordsIn);
    expect(Reflect.get(records[1] ?? {}, 'list')).toEqual(runsOf(count));
  });
});

describe('old answers', () => {
  it('are forgotten some at a time, whatever comes in between', () => {
    const answer = (index: number, at: number) => appendOf('m', 0, [], answerOf(`key ${index}`, 'text', at, 'owner'));
    store.commit(Array.from({ length: 1000 }, (_, index) => answer(index, index % 2)));
    const bytes = store.answerBytes()[0]?.bytes ?? 0;
    const forgetting = store.forgetAnswers(1);
    let forgotten = 0;
    let slices = 0;
    for (let step = forgetting.next(); ; step = forgetting.next()) {
      if (step.done) {
        forgotten = step.value.reduce((sum, each) => sum + each.bytes, 0);
        break;
      }
      if (++slices === 2) store.commit([answer(1000, 0), answer(1001, 1)]);
    }
    expect(slices).toBeGreaterThan(3);
    expect(store.findAnswer('key 2')).toBeNull();
    expect(store.findAnswer('key 1000')).toBeNull();
    expect(store.findAnswer('key 3')).not.toBeNull();
    const left = store.answerBytes()[0]?.bytes ?? 0;
    expect(left).toBeGreaterThan(bytes / 2);
    expect(left + forgotten).toBe(bytes + 2 * ('key 1000'.length + 'owner'.length + 'text'.length));
  });
});
