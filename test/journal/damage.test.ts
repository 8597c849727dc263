// Damage to a data folder at any place: the journal is refused with a message that says so, or it is found as it was at
// some moment when everything written before it had been answered, and that is said.
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlockRecord } from '../../src/core/records.ts';
import { type NewAppend, SqliteStore } from '../../src/journal/sqlite-store.ts';
import { byDepth } from '../support/depth.ts';
import { answerOf, appendOf, blocksIn, doChores, recordOf, whole } from './records.ts';

type File = 'journal.sqlite' | 'journal.sqlite-wal';
type Damage = (file: string) => void;

/** Appends of the written journal. */
const APPENDS = 60;
/** The one that is so large that it has parts. */
const LARGE = 12;
const PAGE_BYTES = 4096;
/** The number of the newest record of the second block. */
const newest = 'SELECT MAX(number) FROM records WHERE block = 2';
const REFUSALS = /damaged|not a database|malformed|format/;

let root: string;
/** A folder as a crash leaves it, and one that was closed in order. */
let crashed: string;
let closed: string;
/** What the journal held after each append that was answered; the last is all of it. */
const states: unknown[] = [];

function contentOf(store: SqliteStore) {
  return {
    blocks: blocksIn(store),
    positions: store.positions().sort(),
    answers: Array.from({ length: APPENDS }, (_, index) => store.findAnswer(`key ${index}`)?.content ?? null),
  };
}

function recordsOf(index: number): BlockRecord[] {
  const ramBlockId = `blk_${index % 5}`;
  const kind = index < 5 ? 'block-created' : index % 3 === 0 ? 'block-resized' : 'source-changed';
  const text = 'x'.repeat(index === LARGE ? 20_000 : index * 7);
  const runs = index === LARGE ? 1000 : 0;
  return [recordOf({ ramBlockId, kind, conversions: index % 3, tag: `${index}`, text, runs })];
}

function append(machine: string, sequence: number, index: number): NewAppend {
  return appendOf(machine, sequence, recordsOf(index), answerOf(`key ${index}`, `${index}`));
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
    store.commit([append(machine, expectedSequence, index)]);
    sequences.set(machine, expectedSequence + 1);
    states.push(contentOf(store));
    if (index === 20) {
      whole(store.saveSnapshot('blk_0', expectedSequence + 1, new Uint8Array(3000).fill(7)));
      doChores(store);
      states.push(contentOf(store));
      // What is closed is in the file; what comes then, in the write-ahead log.
      store.close();
      store = new SqliteStore(closed);
    }
    if (index === 40) cpSync(closed, crashed, { recursive: true });
    if (index === 50) {
      store.close();
      store = new SqliteStore(closed);
    }
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
      { numRuns: byDepth(60, 400) },
    );
    // All pages of the one file are in the write-ahead log, too, and read from there.
    if (which === 'closed' || file === 'journal.sqlite-wal') expect(refused).toBeGreaterThan(byDepth(1, 20));
  });

  it.each(files)('that is cut off anywhere is refused, or found as it was answered (%s, %s)', (which, file) => {
    const folder = which === 'closed' ? closed : crashed;
    const whole = opened(folder, file, nothing)?.found;
    fc.assert(
      fc.property(place, (at) => expectAnswered(opened(folder, file, cutAt(at)), whole)),
      { numRuns: byDepth(30, 200) },
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
    for (let bytes = 0; bytes < 600; bytes += byDepth(7, 1)) {
      expect(opened(closed, 'journal.sqlite', (file) => truncateSync(file, bytes))).toBeNull();
    }
  });

  it.each([
    ['a record that is another', `UPDATE records SET text = replace(text, 'xxx', 'xxy') WHERE block = 2`],
    ['a record that counts for more', `UPDATE records SET conversions = 9 WHERE number = (${newest})`],
    ['a record at another place', `UPDATE records SET number = 1000 WHERE number = (${newest})`],
    ['a record of another moment', `UPDATE records SET sequence = 1000 WHERE number = (${newest})`],
    ['a record of another block', `UPDATE records SET block = 4 WHERE number = (${newest})`],
    [
      'a record of a block that has a snapshot after it',
      'UPDATE records SET block = 1 WHERE block = 2 AND sequence < 5',
    ],
    ['a record of no block', `UPDATE records SET block = 9 WHERE number = (${newest})`],
    ['records of two blocks exchanged', exchange('records', 'block', 2, 3)],
    ['a record less', `DELETE FROM records WHERE number = (${newest})`],
    ['a record less that is of the history only', 'DELETE FROM records WHERE block = 1 AND sequence < 9'],
    ['no records', 'DELETE FROM records'],
    ['a list that is another', `UPDATE record_parts SET data = x'00'`],
    ['a list less', 'DELETE FROM record_parts'],
    ['a snapshot that is another', `UPDATE snapshots SET data = x'00'`],
    ['a snapshot of another moment', 'UPDATE snapshots SET sequence = sequence + 1'],
    ['a snapshot less', 'DELETE FROM snapshots'],
    ['a snapshot of another block', 'UPDATE snapshots SET block = block + 1'],
    ['a machine that is elsewhere', 'UPDATE machines SET sequence = sequence + 1'],
    ['a machine less', 'DELETE FROM machines WHERE number = 1'],
    ['a block of another name', `UPDATE blocks SET id = 'blk_9' WHERE number = 1`],
    ['a block that has no snapshot', 'UPDATE blocks SET snapshot = 0 WHERE number = 1'],
    ['a block less', 'DELETE FROM blocks WHERE number = 1'],
    ['no format any more', 'PRAGMA user_version = 0'],
    ['an answer that is another', `UPDATE answers SET content = x'00' WHERE key = 'key 7'`],
    [
      'an answer to another key',
      `DELETE FROM answers WHERE key = 'key 7'; UPDATE answers SET key = 'key 7' WHERE key = 'key 8'`,
    ],
  ])('with %s is refused', (_what, sql) => {
    expect(opened(closed, 'journal.sqlite', alter(sql))).toBeNull();
  });

  it('is not written to where any of it is damaged, whether that was read or not', () => {
    const pages = statSync(join(closed, 'journal.sqlite')).size / PAGE_BYTES;
    let refused = 0;
    for (let page = 1; page < pages; page++) {
      const copy = join(root, 'copy');
      cpSync(closed, copy, { recursive: true });
      const file = join(copy, 'journal.sqlite');
      const bytes = readFileSync(file).fill(0xff, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
      writeFileSync(file, bytes);
      let store: SqliteStore | undefined;
      try {
        store = new SqliteStore(copy);
        store.commit([append('m0', 60, 0)]);
      } catch (error) {
        expect(String(error)).toMatch(REFUSALS);
        if (store !== undefined) refused++;
        store?.close();
        expect(readFileSync(file)).toEqual(bytes);
        store = undefined;
      }
      store?.close();
      rmSync(copy, { recursive: true });
    }
    expect(refused).toBeGreaterThan(5);
  });
});

function alter(sql: string): Damage {
  return (file) => {
    const db = new DatabaseSync(file);
    db.exec(sql);
    db.close();
  };
}

function exchange(table: string, column: string, one: number, other: number): string {
  const put = (from: number, to: number) => `UPDATE ${table} SET ${column} = ${to} WHERE ${column} = ${from};`;
  return put(one, -1) + put(other, one) + put(-1, other);
}
