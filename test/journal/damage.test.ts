// Damage to a data folder at any place: the journal is refused with a message that says so, or it is found as it was at
// some moment when everything written before it had been answered, and that is said.
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checksumOf } from '../../src/journal/checksums.ts';
import { GroupText } from '../../src/journal/group-text.ts';
import type { JournalRecord } from '../../src/journal/journal.ts';
import { parseSegment } from '../../src/journal/segment-text.ts';
import { SqliteStore } from '../../src/journal/sqlite-store.ts';
import { byDepth } from '../support/depth.ts';
import { answerOf, recordOf } from './records.ts';

type File = 'journal.sqlite' | 'journal.sqlite-wal';
type Damage = (file: string) => void;

/** Appends of the written journal. */
const APPENDS = 60;
/** The one that is so large that its block comes to have several segments. */
const LARGE = 12;
const PAGE_BYTES = 4096;
const REFUSALS = /damaged|not a database|malformed|format/;

let root: string;
/** A folder as a crash leaves it; one that was closed in order; and one with all in its log, the log in the file. */
let crashed: string;
let closed: string;
let logged: string;
/** What the journal held after each append that was answered; the last is all of it. */
const states: unknown[] = [];

function contentOf(store: SqliteStore) {
  const blocks = [...store.blocks()].flat().map(({ ramBlockId, snapshot, after, texts }) => {
    return { ramBlockId, snapshot, records: [...texts].flatMap((text) => parseSegment(text, after)) };
  });
  return {
    blocks: blocks.sort((a, b) => (a.ramBlockId < b.ramBlockId ? -1 : 1)),
    positions: store.positions().sort(),
    answers: Array.from({ length: APPENDS }, (_, index) => store.findAnswer(`key ${index}`)),
  };
}

function recordsOf(index: number): JournalRecord[] {
  const ramBlockId = `blk_${index % 5}`;
  const kind = index < 5 ? 'block-created' : 'source-changed';
  const text = 'x'.repeat(index === LARGE ? 20_000 : index * 7);
  const record = recordOf({ ramBlockId, kind, conversions: index % 3, tag: `${index}`, text });
  return [record, answerOf(`key ${index}`, `${index}`)];
}

function groupOf(machine: string, sequence: number, index: number): string {
  const group = new GroupText();
  group.add(machine, sequence, recordsOf(index));
  return group.take();
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rba-damage-'));
  crashed = join(root, 'crashed');
  closed = join(root, 'closed');
  logged = join(root, 'logged');
  let store = new SqliteStore(closed);
  const sequences = new Map<string, number>();
  states.push(contentOf(store));
  for (let index = 0; index < APPENDS; index++) {
    const machine = `m${(index % 5) % 2}`;
    const expectedSequence = sequences.get(machine) ?? 0;
    store.commit(groupOf(machine, expectedSequence, index));
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
    if (index === 50) {
      store.close();
      store = new SqliteStore(closed);
    }
  }
  store.close();
  leaveInLog();
});

afterAll(() => rmSync(root, { recursive: true }));

/** Makes {@link logged}: twenty groups that are not filed, as SQLite leaves them when it is closed. */
function leaveInLog(): void {
  const made = join(root, 'made');
  const store = new SqliteStore(made);
  for (let index = 0; index < 20; index++) store.commit(groupOf('m', 2 * index, index));
  cpSync(made, logged, { recursive: true });
  store.close();
  const db = new DatabaseSync(join(logged, 'journal.sqlite'));
  db.exec('PRAGMA wal_checkpoint');
  db.close();
}

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
      { numRuns: byDepth(60, 1000) },
    );
    // All pages of the one file are in the write-ahead log, too, and read from there.
    if (which === 'closed' || file === 'journal.sqlite-wal') expect(refused).toBeGreaterThan(byDepth(1, 50));
  });

  it.each(files)('that is cut off anywhere is refused, or found as it was answered (%s, %s)', (which, file) => {
    const folder = which === 'closed' ? closed : crashed;
    const whole = opened(folder, file, nothing)?.found;
    fc.assert(
      fc.property(place, (at) => expectAnswered(opened(folder, file, cutAt(at)), whole)),
      { numRuns: byDepth(30, 500) },
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
    ['records that are others', `UPDATE segments SET text = replace(text, 'xxx', 'xxy') WHERE block = 1`],
    ['records that count for more', 'UPDATE segments SET conversions = 9 WHERE block = 1'],
    ['records of another place', `UPDATE segments SET last = last + 1 WHERE last = (${segment('MAX(last)')})`],
    ['records of another block', `UPDATE segments SET block = 9 WHERE last = (${segment('MAX(last)')})`],
    ['records of two blocks exchanged', `${exchange('segments', 'block', 2, 3)}`],
    ['the first segment missing', `DELETE FROM segments WHERE last = (${segment('MIN(last)')})`],
    [
      'a segment less',
      `DELETE FROM segments WHERE last = (${segment('MIN(last)')} AND last > (${segment('MIN(last)')}))`,
    ],
    ['the last segment missing', `DELETE FROM segments WHERE last = (${segment('MAX(last)')})`],
    ['a snapshot that is another', `UPDATE snapshots SET data = x'00'`],
    ['a snapshot of another moment', 'UPDATE snapshots SET sequence = sequence + 1'],
    ['a snapshot less', 'DELETE FROM snapshots'],
    ['a snapshot of another block', 'UPDATE snapshots SET block = block + 1'],
    ['a machine that is elsewhere', 'UPDATE machines SET sequence = sequence + 1'],
    ['a block of another name', `UPDATE blocks SET block = 'blk_9' WHERE number = 1`],
    ['a block less', 'DELETE FROM blocks WHERE number = 1'],
    ['no format any more', 'PRAGMA user_version = 0'],
    ['an answer that is another', `UPDATE answers SET json = '{}' WHERE key = 'key 7'`],
    ['a log that ends elsewhere', 'UPDATE log_end SET number = number + 1'],
    ['a log without its end', 'DELETE FROM log_end'],
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
        store.commit(groupOf('m0', 60, 0));
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

  it('with a log that is not filed is found whole', () => {
    expect(opened(logged, 'journal.sqlite', nothing)).toMatchObject({
      found: { positions: [['m', 40]] },
      remark: null,
    });
  });

  it.each([
    ['a row that is another', `UPDATE log SET text = replace(text, 'xxx', 'xxy') WHERE number = 10`],
    ['two rows exchanged', exchange('log', 'number', 10, 11)],
    ['the first row missing', 'DELETE FROM log WHERE number = 1'],
    ['a row less', 'DELETE FROM log WHERE number = 10'],
    ['the last row missing', 'DELETE FROM log WHERE number = 20'],
    ['no rows', 'DELETE FROM log'],
    ['an end that is before', 'UPDATE log_end SET number = 19, crc = (SELECT crc FROM log WHERE number = 19)'],
    ['an end that says that some are filed', 'UPDATE log_end SET filed = 2'],
    ['rows that say that another was before them', 'UPDATE log SET previous = previous + 1 WHERE number = 10'],
    ['a machine that is elsewhere', `INSERT INTO machines VALUES ('m', 2, ${checksumOf('m', 2)})`],
  ])('with a log with %s is refused', (_what, sql) => {
    expect(opened(logged, 'journal.sqlite', alter(sql))).toBeNull();
  });

  it('with a bit turned anywhere in a log that is not filed is refused, or found as it was', () => {
    const whole = opened(logged, 'journal.sqlite', nothing)?.found;
    fc.assert(
      fc.property(place, fc.nat({ max: 7 }), (at, bit) => {
        const result = opened(logged, 'journal.sqlite', flip(at, bit));
        if (result !== null) expect(result.found).toEqual(whole);
      }),
      { numRuns: byDepth(60, 1000) },
    );
  });
});

function alter(sql: string): Damage {
  return (file) => {
    const db = new DatabaseSync(file);
    db.exec(sql);
    db.close();
  };
}

/** Of the block that has most segments. */
function segment(what: string): string {
  return `SELECT ${what} FROM segments WHERE block = (SELECT block FROM segments GROUP BY block ORDER BY COUNT(*) DESC LIMIT 1)`;
}

function exchange(table: string, column: string, one: number, other: number): string {
  const put = (from: number, to: number) => `UPDATE ${table} SET ${column} = ${to} WHERE ${column} = ${from};`;
  return put(one, -1) + put(other, one) + put(-1, other);
}
