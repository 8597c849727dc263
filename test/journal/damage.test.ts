// Damage to a data folder at any place: the journal is refused with a message that says so, or it is found as it was at
// some moment when everything written before it had been answered, and that is said.
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Row } from '../../src/journal/append-group.ts';
import { SqliteStore } from '../../src/journal/sqlite-store.ts';

type File = 'journal.sqlite' | 'journal.sqlite-wal';
type Damage = (file: string) => void;

/** Appends of the written journal. */
const APPENDS = 60;
const REFUSALS = /damaged|not a database|malformed|format/;

let root: string;
/** A folder as a crash leaves it, and one that was closed in order. */
let crashed: string;
let closed: string;
/** What the journal held after each append that was answered; the last is all of it. */
const states: unknown[] = [];

function contentOf(store: SqliteStore) {
  const blocks = store.blockIds().map((ramBlockId) => ({ ramBlockId, ...store.load(ramBlockId) }));
  return {
    blocks: blocks.sort((a, b) => (a.ramBlockId < b.ramBlockId ? -1 : 1)),
    positions: store.positions().sort(),
    answers: Array.from({ length: APPENDS }, (_, index) => store.findAnswer(`key ${index}`)),
  };
}

function rowOf(index: number): Row {
  const kind = index < 5 ? 'block-created' : 'block-resized';
  const json = JSON.stringify({ index, text: 'x'.repeat(index * 7) });
  return { ramBlockId: `blk_${index % 5}`, kind, conversions: index % 3, json };
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rba-damage-'));
  crashed = join(root, 'crashed');
  closed = join(root, 'closed');
  let store = new SqliteStore(closed);
  const sequences = new Map<string, number>();
  states.push(contentOf(store));
  for (let index = 0; index < APPENDS; index++) {
    const machine = `m${(index % 5) % 2}`;
    const expectedSequence = sequences.get(machine) ?? 0;
    const rows = [rowOf(index), { key: `key ${index}`, at: 1, json: `{"answer":${index}}` }];
    expect(store.commit([{ machine, expectedSequence, rows }])).toEqual([null]);
    sequences.set(machine, expectedSequence + 2);
    states.push(contentOf(store));
    if (index === 20) {
      store.saveSnapshot('blk_0', expectedSequence + 2, new Uint8Array(3000).fill(7));
      states.push(contentOf(store));
      // What is closed is in the file; what comes then, in the write-ahead log.
      store.close();
      store = new SqliteStore(closed);
    }
    if (index === 40) cpSync(closed, crashed, { recursive: true });
  }
  store.close();
});

afterAll(() => rmSync(root, { recursive: true }));

/** Damages a copy of a folder and opens it. @returns what was found, null where it was refused with a message that says why */
function opened(folder: string, file: File, damage: Damage) {
  const copy = join(root, 'copy');
  cpSync(folder, copy, { recursive: true });
  damage(join(copy, file));
  let store: SqliteStore | undefined;
  try {
    store = new SqliteStore(copy);
    return { found: contentOf(store), remark: store.remark };
  } catch (error) {
    expect(String((error as Error).message)).toMatch(REFUSALS);
    return null;
  } finally {
    store?.close();
    rmSync(copy, { recursive: true });
  }
}

const nothing: Damage = () => undefined;

const flip =
  (at: number, bit: number): Damage =>
  (file) => {
    const bytes = readFileSync(file);
    const index = Math.floor(at * bytes.length);
    bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
    writeFileSync(file, bytes);
  };

const cutAt =
  (share: number): Damage =>
  (file) =>
    truncateSync(file, Math.floor(share * statSync(file).size));

/** What was found was so once; where it is not the last that was answered, people are told. */
function expectAnswered(result: ReturnType<typeof opened>, whole: unknown): void {
  if (result === null || isDeepStrictEqual(result.found, whole)) return;
  expect(isAnswered(result.found), 'a state that never was').toBe(true);
  expect(result.remark).toMatch(/not closed in order/);
}

const isAnswered = (found: unknown): boolean => states.some((state) => isDeepStrictEqual(found, state));

const place = fc.double({ min: 0, max: 0.999_999, noNaN: true });
const files = [
  ['closed', 'journal.sqlite'],
  ['crashed', 'journal.sqlite'],
  ['crashed', 'journal.sqlite-wal'],
] as const;

describe('a data folder', () => {
  it('that is sound is found whole, and after a crash that is said', () => {
    const after = opened(crashed, 'journal.sqlite', nothing);
    expect(after?.remark).toMatch(/not closed in order: \d+ frames of its write-ahead log are read back$/);
    expect(isAnswered(after?.found)).toBe(true);
    expect(opened(closed, 'journal.sqlite', nothing)).toEqual({ found: states.at(-1), remark: null });
  });

  it.each(files)('with a bit turned anywhere is refused, or found as it was answered (%s, %s)', (which, file) => {
    const folder = which === 'closed' ? closed : crashed;
    const whole = opened(folder, file, nothing)?.found;
    let refused = 0;
    fc.assert(
      fc.property(place, fc.nat({ max: 7 }), (at, bit) => {
        const result = opened(folder, file, flip(at, bit));
        if (result === null) refused++;
        expectAnswered(result, whole);
      }),
      { numRuns: 200 },
    );
    // All pages of the one file are in the write-ahead log, too, and read from there.
    if (which === 'closed' || file === 'journal.sqlite-wal') expect(refused).toBeGreaterThan(10);
  });

  it.each(files)('that is cut off anywhere is refused, or found as it was answered (%s, %s)', (which, file) => {
    const folder = which === 'closed' ? closed : crashed;
    const whole = opened(folder, file, nothing)?.found;
    fc.assert(
      fc.property(place, (at) => expectAnswered(opened(folder, file, cutAt(at)), whole)),
      { numRuns: 100 },
    );
  });

  it('whose write-ahead log is damaged before commits that were durable is refused', () => {
    expect(opened(crashed, 'journal.sqlite-wal', flip(0.5, 3))).toBeNull();
    expect(opened(crashed, 'journal.sqlite-wal', flip(0, 3))).toBeNull();
  });

  it('whose last commit is incomplete is found without it, and that is said', () => {
    const result = opened(crashed, 'journal.sqlite-wal', (file) => truncateSync(file, statSync(file).size - 100));
    expect(result?.remark).toMatch(/not closed in order/);
    expect(isAnswered(result?.found)).toBe(true);
  });

  it('whose file is missing, or has next to nothing left, is refused', () => {
    expect(opened(closed, 'journal.sqlite', (file) => rmSync(file))).toBeNull();
    for (let bytes = 0; bytes < 600; bytes++) {
      expect(opened(closed, 'journal.sqlite', (file) => truncateSync(file, bytes))).toBeNull();
    }
  });

  it.each([
    ['a record that is another', `UPDATE records SET json = '{}' WHERE sequence = 41`],
    ['a record that counts for more', 'UPDATE records SET conversions = 9 WHERE sequence = 41'],
    ['a record of another place', 'UPDATE records SET sequence = 999 WHERE sequence = 41'],
    ['a record of another block', 'UPDATE records SET block = 3 WHERE block = 1 AND sequence > 41'],
    ['a record less', 'DELETE FROM records WHERE sequence = 41'],
    ['the last records missing', 'DELETE FROM records WHERE sequence > 41'],
    ['a snapshot that is another', `UPDATE snapshots SET data = x'00'`],
    ['a snapshot of another moment', 'UPDATE snapshots SET sequence = sequence + 1'],
    ['a snapshot less', 'DELETE FROM snapshots'],
    ['a machine that is elsewhere', 'UPDATE machines SET sequence = sequence + 1'],
    ['a block of another name', `UPDATE blocks SET block = 'blk_9' WHERE number = 1`],
    ['a block less', 'DELETE FROM blocks WHERE number = 1'],
    ['no format any more', 'PRAGMA user_version = 0'],
    ['an answer that is another', `UPDATE answers SET json = '{}' WHERE key = 'key 7'`],
  ])('with %s is refused', (_what, sql) => {
    const alter: Damage = (file) => {
      const db = new DatabaseSync(file);
      db.exec(sql);
      db.close();
    };
    expect(opened(closed, 'journal.sqlite', alter)).toBeNull();
  });
});
