// The tables of the SQLite journal, row by row. Nothing here but keys and blobs that another database has, too.
//
//     machines       a row for each machine: its last sequence, and how many records are kept of it, and the sum of their keys
//     blocks         a row for each block: the sequence of its newest snapshot, and in how many parts that is
//     records        a row for each record, in the order of the appends; long lists of runs of a record are in record_parts
//     record_parts   the lists, packed
//     snapshots      parts of snapshots; those that are not of the sequence in `blocks` are being saved or forgotten
//     answers        a row for each kept answer, in the order of their coming
//
// What each operation writes and reads:
//
//     append         INSERT one record behind all others (a page, whatever block it is of); UPDATE one machine (a page); with
//                    an answer, INSERT it (two pages)
//     a new block    INSERT one block before its record; a deleted one is marked, and its rows go later, in slices
//     load           the parts of `snapshots` of each block, then all `records` after them in their order, some at a time
//     history        from the newest change of a block, which is known, each record says where the one before it is
//     snapshot       INSERT its parts, each by itself; UPDATE the block, which makes it the newest
//     forget         from the first record on, DELETE what nobody asks for any more, a few hundred rows at a time
//
// Each row has a checksum of its content and its key. A row that is missing, or is another's, is found because the records
// of all machines are counted and their keys summed up, and parts are counted.
//
// RULE: whoever changes a table, or what a column means, raises FORMAT, keeps a reader of the format before in
// format-N.ts, which converts such a folder when it is opened, and adds a folder of that format to test/fixtures with a test.
import { checksumOf, checksumWith, damaged } from './checksums.ts';
import type { KeptAnswer } from './journal.ts';
import type { EncodedRecord } from './record-text.ts';
import type { Statements, StoredRow } from './statements.ts';

export const FORMAT = 8;

export const SCHEMA = `
  CREATE TABLE machines (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, sequence INTEGER NOT NULL, records INTEGER NOT NULL,
    keys INTEGER NOT NULL, crc INTEGER NOT NULL
  );
  CREATE TABLE blocks (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, machine INTEGER NOT NULL, deleted INTEGER NOT NULL,
    snapshot INTEGER NOT NULL, parts INTEGER NOT NULL, newest INTEGER NOT NULL, total INTEGER NOT NULL, crc INTEGER NOT NULL
  );
  -- What is long comes last: the rest is read without it.
  CREATE TABLE records (
    number INTEGER PRIMARY KEY, block INTEGER NOT NULL, sequence INTEGER NOT NULL, conversions INTEGER NOT NULL,
    total INTEGER NOT NULL, earlier INTEGER NOT NULL, lists INTEGER NOT NULL, crc INTEGER NOT NULL, text TEXT NOT NULL
  );
  CREATE TABLE record_parts (
    record INTEGER NOT NULL, part INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (record, part)
  );
  CREATE TABLE snapshots (
    block INTEGER NOT NULL, sequence INTEGER NOT NULL, part INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (block, sequence, part)
  );
  CREATE TABLE answers (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, owner TEXT NOT NULL, key TEXT NOT NULL UNIQUE,
    fingerprint TEXT NOT NULL, crc INTEGER NOT NULL, content BLOB NOT NULL
  );
  PRAGMA user_version = ${FORMAT};
`;

export interface MachineRow {
  readonly number: number;
  readonly name: string;
  /** Its last sequence. */
  sequence: number;
  /** Records of its blocks that are kept, and the sum of what {@link keyOf} makes of each. */
  records: number;
  keys: number;
}

export interface BlockRow {
  readonly number: number;
  readonly ramBlockId: string;
  readonly machine: MachineRow;
  deleted: boolean;
  /** The sequence that its newest snapshot is of; 0 where it has none. */
  snapshot: number;
  /** Parts of that snapshot. */
  parts: number;
  /** Its newest change, when the snapshot was saved or later: see {@link RecordKey}. */
  newest: number;
  total: number;
}

/** A record without its content. */
export interface RecordKey {
  /** Its place among all records. */
  readonly number: number;
  /** The number of its block. */
  readonly block: number;
  readonly sequence: number;
  /** How many the history finds in it. */
  readonly conversions: number;
  /** For a change: the number of conversions of its block, its own included. */
  readonly total: number;
  /** For a change: the number of the change before it in the same block; 0 where there is none. */
  readonly earlier: number;
  /** How many lists it has beside its text. */
  readonly lists: number;
}

/** A record to be written. */
export interface NewRow extends Pick<RecordKey, 'sequence' | 'conversions' | 'total' | 'earlier'>, EncodedRecord {}

/** A record as it is found. */
export interface RecordRow extends RecordKey {
  readonly text: string;
}

export interface AnswerBytes {
  readonly owner: string;
  readonly bytes: number;
}

/** Records that are read with one query. */
const ROWS = 500;
/** Bytes of a part of a snapshot. */
const PART = 1024 * 1024;

const KEY = 'r.number, r.block, r.sequence, r.conversions, r.total, r.earlier, r.lists';
/** As {@link keyOf} says. */
const SUM_OF_KEYS = 'SUM((block * 7919 + sequence * 31 + conversions) % 1048576)';
/** As {@link bytesOfAnswer} counts. SQLite takes the lengths from the heads of rows, without the contents. */
const ANSWER_BYTES = 'octet_length(key) + octet_length(owner) + octet_length(fingerprint) + octet_length(content)';

export class SqliteTables {
  readonly #statements: Statements;
  #lastMachine: number;
  #lastBlock: number;
  #lastRecord: number;

  constructor(statements: Statements) {
    this.#statements = statements;
    const last = (table: string): number =>
      Number(statements.get(`SELECT MAX(number) AS last FROM ${table}`)?.last ?? 0);
    this.#lastMachine = last('machines');
    this.#lastBlock = last('blocks');
    this.#lastRecord = last('records');
  }

  // Machines

  /** @throws Error on damaged rows */
  machines(): MachineRow[] {
    return this.#statements.all('SELECT * FROM machines').map((row) => {
      const machine = {
        number: Number(row.number),
        name: String(row.name),
        sequence: Number(row.sequence),
        records: Number(row.records),
        keys: Number(row.keys),
      };
      expectChecksum(row, checksumOfMachine(machine), `the row of machine ${machine.name}`);
      return machine;
    });
  }

  /** Returns a machine that has nothing yet. */
  insertMachine(name: string): MachineRow {
    const machine = { number: ++this.#lastMachine, name, sequence: 0, records: 0, keys: 0 };
    const crc = checksumOfMachine(machine);
    this.#statements.run('INSERT INTO machines VALUES (?, ?, 0, 0, 0, ?)', machine.number, name, crc);
    return machine;
  }

  updateMachine(machine: MachineRow): void {
    const { number, sequence, records, keys } = machine;
    const sql = 'UPDATE machines SET sequence = ?, records = ?, keys = ?, crc = ? WHERE number = ?';
    this.#statements.run(sql, sequence, records, keys, checksumOfMachine(machine), number);
  }

  // Blocks

  /** @throws Error on damaged rows, and where a machine or the block of a snapshot is missing */
  blocks(machines: readonly MachineRow[]): BlockRow[] {
    const byNumber = new Map(machines.map((machine) => [machine.number, machine]));
    const blocks = this.#statements.all('SELECT * FROM blocks').map((row) => {
      const machine = byNumber.get(Number(row.machine));
      if (machine === undefined) throw damaged(`the machine of block ${row.id} is missing`);
      const block = {
        number: Number(row.number),
        ramBlockId: String(row.id),
        machine,
        deleted: row.deleted === 1,
        snapshot: Number(row.snapshot),
        parts: Number(row.parts),
        newest: Number(row.newest),
        total: Number(row.total),
      };
      expectChecksum(row, checksumOfBlock(block), `the row of block ${block.ramBlockId}`);
      return block;
    });
    const numbers = new Set(blocks.map(({ number }) => number));
    // From one block to the next, without a look at what is between.
    const next = 'SELECT block FROM snapshots WHERE block > ? ORDER BY block LIMIT 1';
    for (let row = this.#statements.get(next, -1); row !== undefined; ) {
      const number = Number(row.block);
      if (!numbers.has(number)) throw damaged('there are snapshots of a block that is missing');
      row = this.#statements.get(next, number);
    }
    return blocks;
  }

  insertBlock(ramBlockId: string, machine: MachineRow): BlockRow {
    const nothing = { snapshot: 0, parts: 0, newest: 0, total: 0 };
    const block = { number: ++this.#lastBlock, ramBlockId, machine, deleted: false, ...nothing };
    const sql = 'INSERT INTO blocks VALUES (?, ?, ?, 0, 0, 0, 0, 0, ?)';
    this.#statements.run(sql, block.number, ramBlockId, machine.number, checksumOfBlock(block));
    return block;
  }

  updateBlock(block: BlockRow): void {
    const { number, deleted, snapshot, parts, newest, total } = block;
    const sql =
      'UPDATE blocks SET deleted = ?, snapshot = ?, parts = ?, newest = ?, total = ?, crc = ? WHERE number = ?';
    this.#statements.run(sql, deleted ? 1 : 0, snapshot, parts, newest, total, checksumOfBlock(block), number);
  }

  /** Deletes the row of a block of which nothing else is left. */
  deleteBlock({ number }: BlockRow): void {
    this.#statements.run('DELETE FROM blocks WHERE number = ?', number);
  }

  // Records

  /** Writes a record behind all others. @returns its key */
  insertRecord({ number: block, ramBlockId }: BlockRow, record: NewRow): RecordKey {
    const { sequence, conversions, total, earlier, text, lists } = record;
    const number = ++this.#lastRecord;
    const key = { number, block, sequence, conversions, total, earlier, lists: lists.length };
    const sql = 'INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)';
    const crc = checksumOfRecord(ramBlockId, { ...key, text });
    this.#statements.run(sql, number, block, sequence, conversions, total, earlier, lists.length, crc, text);
    const insertPart = 'INSERT INTO record_parts VALUES (?, ?, ?, ?)';
    for (const [part, list] of lists.entries()) {
      this.#statements.run(insertPart, number, part, checksumWith(list, number, part), list);
    }
    return key;
  }

  /**
   * Returns the records of all blocks, or those of a machine, that are not in the snapshots of their blocks, in their order,
   * each when it is asked for; without those of blocks that are deleted.
   * @param blocks by number
   * @throws Error on damaged rows
   */
  *records(blocks: ReadonlyMap<number, BlockRow>, machine: MachineRow | null): Generator<RecordRow, void> {
    const sql = `SELECT ${KEY}, r.crc, r.text FROM records r JOIN blocks b ON b.number = r.block
      WHERE r.number > ? AND r.sequence > b.snapshot AND b.deleted = 0 AND (?2 IS NULL OR b.machine = ?2)
      ORDER BY r.number LIMIT ${ROWS}`;
    for (let last = 0, isEnd = false; !isEnd; ) {
      // Never with a query under way, which would keep the write-ahead log from being copied to its place.
      const rows = this.#statements.all(sql, last, machine?.number ?? null);
      for (const row of rows) {
        const block = blocks.get(Number(row.block));
        if (block !== undefined) yield recordOf(block.ramBlockId, row);
      }
      last = Number(rows.at(-1)?.number ?? last);
      isEnd = rows.length < ROWS;
    }
  }

  /** Returns a record of a block; null where it is forgotten. @throws Error on a damaged row */
  record({ number: block, ramBlockId }: BlockRow, number: number): RecordRow | null {
    const sql = `SELECT ${KEY}, r.crc, r.text FROM records r WHERE r.number = ? AND r.block = ?`;
    const row = this.#statements.get(sql, number, block);
    return row === undefined ? null : recordOf(ramBlockId, row);
  }

  /** Returns the newest change of a block that is not in its snapshot; null where there is none. */
  newestChange({ number, snapshot }: BlockRow): RecordKey | null {
    const sql = `SELECT ${KEY} FROM records r WHERE r.block = ? AND r.sequence > ? AND r.conversions > 0
      ORDER BY r.number DESC LIMIT 1`;
    const row = this.#statements.get(sql, number, snapshot);
    return row === undefined ? null : keyIn(row);
  }

  /** Returns the lists of a record, each of which is read by itself. @throws Error on damaged rows */
  listsOf({ number, lists }: RecordKey): Uint8Array[] {
    const sql = 'SELECT crc, data FROM record_parts WHERE record = ? AND part = ?';
    return Array.from({ length: lists }, (_, part) => {
      const data = dataOf(this.#statements.get(sql, number, part), `part ${part} of record ${number}`);
      expectChecksum(data, checksumWith(data.bytes, number, part), `part ${part} of record ${number}`);
      return data.bytes;
    });
  }

  /** The number of the last record. */
  get lastRecord(): number {
    return this.#lastRecord;
  }

  /** Returns the keys of the first `limit` records of all blocks with a number in (`after`, `last`], in their order. */
  keysBetween(after: number, last: number, limit: number): RecordKey[] {
    const sql = `SELECT ${KEY} FROM records r WHERE r.number > ? AND r.number <= ? ORDER BY r.number LIMIT ?`;
    return this.#statements.all(sql, after, last, limit).map(keyIn);
  }

  deleteRecord({ number, lists }: RecordKey): void {
    if (lists > 0) this.#statements.run('DELETE FROM record_parts WHERE record = ?', number);
    this.#statements.run('DELETE FROM records WHERE number = ?', number);
  }

  /** @throws Error where the records are not those that their machines count, or are of no block */
  checkRecords(): void {
    const row = this.#statements.get(
      `SELECT f.count, f.keys, e.count AS expected, e.keys AS expected_keys,
         EXISTS (SELECT 1 FROM records WHERE block NOT IN (SELECT number FROM blocks)) AS strays
       FROM (SELECT COUNT(*) AS count, COALESCE(${SUM_OF_KEYS}, 0) AS keys FROM records) f,
         (SELECT COALESCE(SUM(records), 0) AS count, COALESCE(SUM(keys), 0) AS keys FROM machines) e`,
    );
    if (row?.count !== row?.expected) throw damaged(`it has ${row?.count} records, and ${row?.expected} were kept`);
    if (row?.keys !== row?.expected_keys || row?.strays !== 0) throw damaged('a record is of another block or place');
  }

  // Snapshots

  /** Cuts a snapshot into the parts that {@link SqliteTables.insertSnapshotPart} takes. */
  static *partsOf(snapshot: Uint8Array): Generator<Uint8Array, void> {
    for (let at = 0; at < snapshot.byteLength; at += PART) yield snapshot.subarray(at, at + PART);
  }

  insertSnapshotPart({ number, ramBlockId }: BlockRow, sequence: number, part: number, data: Uint8Array): void {
    const crc = checksumWith(data, ramBlockId, sequence, part);
    this.#statements.run('INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?)', number, sequence, part, crc, data);
  }

  /** Returns the newest snapshot of a block; null where it has none. @throws Error on damaged rows */
  snapshotOf({ number, ramBlockId, snapshot, parts }: BlockRow): Uint8Array | null {
    if (snapshot === 0) return null;
    const sql = 'SELECT crc, data FROM snapshots WHERE block = ? AND sequence = ? AND part = ?';
    const all = Array.from({ length: parts }, (_, part) => {
      const what = `part ${part} of the snapshot of ${ramBlockId}`;
      const data = dataOf(this.#statements.get(sql, number, snapshot, part), what);
      expectChecksum(data, checksumWith(data.bytes, ramBlockId, snapshot, part), what);
      return data.bytes;
    });
    const [only] = all;
    return only !== undefined && all.length === 1 ? only : Buffer.concat(all);
  }

  /** Deletes a part of a snapshot that is not the newest; any part, where the block is deleted. @returns whether there was one */
  deleteOldPart({ number, snapshot, deleted }: BlockRow): boolean {
    const sql = 'SELECT sequence, part FROM snapshots WHERE block = ? AND sequence <> ? LIMIT 1';
    const row = this.#statements.get(sql, number, deleted ? -1 : snapshot);
    if (row === undefined) return false;
    const remove = 'DELETE FROM snapshots WHERE block = ? AND sequence = ? AND part = ?';
    this.#statements.run(remove, number, Number(row.sequence), Number(row.part));
    return true;
  }

  // Answers

  insertAnswer({ key, owner, fingerprint, at, content }: KeptAnswer): void {
    const crc = checksumWith(content, key, owner, fingerprint, at);
    const sql = 'INSERT OR REPLACE INTO answers VALUES (NULL, ?, ?, ?, ?, ?, ?)';
    this.#statements.run(sql, at, owner, key, fingerprint, crc, content);
  }

  /** @throws Error on a damaged row */
  findAnswer(key: string): KeptAnswer | null {
    const row = this.#statements.get('SELECT at, owner, fingerprint, crc, content FROM answers WHERE key = ?', key);
    if (row === undefined) return null;
    const [owner, fingerprint, at] = [String(row.owner), String(row.fingerprint), Number(row.at)];
    const content = row.content instanceof Uint8Array ? row.content : new Uint8Array();
    expectChecksum(row, checksumWith(content, key, owner, fingerprint, at), 'a kept answer');
    return { key, owner, fingerprint, at, content };
  }

  /** Returns the bytes of all answers by owner. */
  answerBytes(): AnswerBytes[] {
    return this.#answerBytes('TRUE');
  }

  /** Returns the number of the last of the next `limit` answers after `number`; null where there are none. */
  nextAnswers(number: number, limit: number): number | null {
    const sql = 'SELECT MAX(number) AS last FROM (SELECT number FROM answers WHERE number > ? ORDER BY number LIMIT ?)';
    const last = this.#statements.get(sql, number, limit)?.last ?? null;
    return last === null ? null : Number(last);
  }

  /** Returns the bytes of the answers with numbers in (`after`, `last`] that were given before `at`. */
  oldAnswerBytes(after: number, last: number, at: number): AnswerBytes[] {
    return this.#answerBytes('number > ? AND number <= ? AND at < ?', after, last, at);
  }

  /** Deletes the answers that {@link SqliteTables.oldAnswerBytes} counts. */
  deleteOldAnswers(after: number, last: number, at: number): void {
    this.#statements.run('DELETE FROM answers WHERE number > ? AND number <= ? AND at < ?', after, last, at);
  }

  #answerBytes(condition: string, ...values: number[]): AnswerBytes[] {
    const sql = `SELECT owner, SUM(${ANSWER_BYTES}) AS bytes FROM answers WHERE ${condition} GROUP BY owner`;
    return this.#statements
      .all(sql, ...values)
      .map(({ owner, bytes }) => ({ owner: String(owner), bytes: Number(bytes) }));
  }
}

/** Returns a number that tells a record from others, and is small enough to be summed up. */
export function keyOf({ block, sequence, conversions }: RecordKey): number {
  return (block * 7919 + sequence * 31 + conversions) % 1048576;
}

function recordOf(ramBlockId: string, row: StoredRow): RecordRow {
  const record = { ...keyIn(row), text: String(row.text) };
  expectChecksum(row, checksumOfRecord(ramBlockId, record), `record ${record.sequence} of ${ramBlockId}`);
  return record;
}

function keyIn(row: StoredRow): RecordKey {
  return {
    number: Number(row.number),
    block: Number(row.block),
    sequence: Number(row.sequence),
    conversions: Number(row.conversions),
    total: Number(row.total),
    earlier: Number(row.earlier),
    lists: Number(row.lists),
  };
}

function checksumOfRecord(ramBlockId: string, record: RecordRow): number {
  const { number, sequence, conversions, total, earlier, lists, text } = record;
  return checksumWith(text, ramBlockId, number, sequence, conversions, total, earlier, lists);
}

function checksumOfMachine({ name, sequence, records, keys }: MachineRow): number {
  return checksumOf(name, sequence, records, keys);
}

function checksumOfBlock({ ramBlockId, machine, deleted, snapshot, parts, newest, total }: BlockRow): number {
  return checksumOf(ramBlockId, machine.name, deleted ? 1 : 0, snapshot, parts, newest, total);
}

/** @throws Error where the row is not what was written */
function expectChecksum({ crc }: { readonly crc?: unknown }, expected: number, what: string): void {
  if (crc !== expected) throw damaged(`${what} does not match its checksum`);
}

/** @throws Error where the row of a part is missing */
function dataOf(row: StoredRow | undefined, what: string): { readonly crc: unknown; readonly bytes: Uint8Array } {
  if (row === undefined) throw damaged(`${what} is missing`);
  return { crc: row.crc, bytes: row.data instanceof Uint8Array ? row.data : new Uint8Array() };
}
