// The SQLite file of the journal and its statements. Synchronous: it lives in the journal's worker thread, where a slow
// disk holds up nobody else.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { HISTORY_LIMIT } from './journal.ts';

/** A record on its way to the disk. */
export interface Row {
  readonly ramBlockId: string;
  readonly kind: string;
  /** How many the history finds in it. */
  readonly conversions: number;
  readonly json: string;
}

export interface AnswerRow {
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly json: string;
}

export interface Append {
  readonly machine: string;
  readonly expectedSequence: number;
  /** In order; each takes a sequence of its own. */
  readonly rows: readonly (Row | AnswerRow)[];
}

/** A record that the history finds conversions in. */
export interface HistoryRow {
  readonly sequence: number;
  readonly json: string;
}

/** One of these per append of a group: null when it is durable, else the sequence that the machine really has. */
export type AppendResult = null | { readonly actualSequence: number };

const FORMAT = 3;
/** What PRAGMA synchronous says of FULL. */
const FULL = 2;
const SCHEMA = `
  CREATE TABLE machines (machine TEXT PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE blocks (number INTEGER PRIMARY KEY, block TEXT NOT NULL UNIQUE);
  CREATE TABLE records (
    block INTEGER NOT NULL, sequence INTEGER NOT NULL, conversions INTEGER NOT NULL, json TEXT NOT NULL,
    crc INTEGER NOT NULL,
    PRIMARY KEY (block, sequence)
  ) WITHOUT ROWID;
  CREATE INDEX history ON records (block, sequence, conversions) WHERE conversions > 0;
  CREATE TABLE snapshots (block INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, data BLOB NOT NULL, crc INTEGER NOT NULL);
  CREATE TABLE answers (key TEXT PRIMARY KEY, at INTEGER NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX answers_by_age ON answers (at);
  PRAGMA user_version = ${FORMAT};
`;

export class SqliteStore {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** The row numbers of blocks, as in the table. */
  readonly #numbers = new Map<string, number>();

  /** @throws Error when the folder cannot be used or another process has it; the message names the setting */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'journal.sqlite');
    this.#db = new DatabaseSync(file);
    try {
      // The exclusive lock is taken with the first transaction and kept until the process ends, however it ends.
      this.#db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0; PRAGMA journal_mode = WAL');
      this.#db.exec('PRAGMA synchronous = FULL; BEGIN IMMEDIATE');
      const mode = this.#get('PRAGMA journal_mode')?.journal_mode;
      const synchronous = this.#get('PRAGMA synchronous')?.synchronous;
      // SQLite keeps silent where a file system cannot do it; nothing would be durable then.
      if (mode !== 'wal' || synchronous !== FULL)
        throw new Error(`${file} cannot be written durably (WAL, synchronous FULL)`);
      const format = Number(this.#get('PRAGMA user_version')?.user_version);
      if (format === 0) this.#db.exec(SCHEMA);
      else if (format !== FORMAT) throw new Error(`${file} has format ${format}; this version reads format ${FORMAT}`);
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.close();
      if (String(error).includes('locked')) {
        throw new Error(`${folder} is in use by another process; set RBA_DATA_DIR to another folder`, { cause: error });
      }
      throw error;
    }
    for (const { block, number } of this.#all('SELECT block, number FROM blocks')) {
      this.#numbers.set(String(block), Number(number));
    }
  }

  positions(): [string, number][] {
    return this.#all('SELECT machine, sequence FROM machines').map((row) => [
      String(row.machine),
      Number(row.sequence),
    ]);
  }

  blockIds(): string[] {
    return [...this.#numbers.keys()];
  }

  /** The newest snapshot of a block and the JSON array of the records after it. @throws Error on damaged rows */
  load(ramBlockId: string): { snapshot: Uint8Array | null; records: string } {
    const number = this.#numbers.get(ramBlockId) ?? -1;
    const saved = this.#get('SELECT sequence, data, crc FROM snapshots WHERE block = ?', number);
    const snapshot = saved?.data instanceof Uint8Array ? saved.data : null;
    if (snapshot !== null && crc32(snapshot) !== saved?.crc) throw damaged(`the snapshot of ${ramBlockId}`);
    const after = saved === undefined ? -1 : Number(saved.sequence);
    const rows = this.#all(
      'SELECT sequence, json, crc FROM records WHERE block = ? AND sequence > ? ORDER BY sequence',
      number,
      after,
    );
    for (const { sequence, json, crc } of rows) {
      if (crc32(String(json)) !== crc) throw damaged(`record ${sequence} of ${ramBlockId}`);
    }
    return { snapshot, records: `[${rows.map(({ json }) => json).join(',')}]` };
  }

  /** Commits a group of appends with one fsync. @throws Error when the outcome is unknown */
  commit(group: readonly Append[]): AppendResult[] {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const results = group.map((append) => this.#append(append));
      this.#db.exec('COMMIT');
      return results;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  saveSnapshot(ramBlockId: string, sequence: number, data: Uint8Array): void {
    const number = this.#numbers.get(ramBlockId);
    if (number === undefined) return;
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      this.#run('INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)', number, sequence, data, crc32(data));
      const oldest = this.#get(
        `SELECT sequence FROM (
           SELECT sequence, SUM(conversions) OVER (ORDER BY sequence DESC) AS newer
           FROM records WHERE block = ? AND conversions > 0
         ) WHERE newer >= ? ORDER BY sequence DESC LIMIT 1`,
        number,
        HISTORY_LIMIT,
      );
      this.#run(
        'DELETE FROM records WHERE block = ? AND sequence <= ? AND (conversions = 0 OR sequence < ?)',
        number,
        sequence,
        Number(oldest?.sequence ?? -1),
      );
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** The record at `last`, where it has conversions, and older ones with at least `limit` of them, newest first. */
  history(ramBlockId: string, last: number, limit: number): HistoryRow[] {
    const rows = this.#statement(
      `SELECT sequence, conversions, json FROM records WHERE block = ? AND conversions > 0 AND sequence <= ?
       ORDER BY sequence DESC`,
    ).iterate(this.#numbers.get(ramBlockId) ?? -1, last);
    const found: HistoryRow[] = [];
    let older = 0;
    for (const row of rows) {
      found.push({ sequence: Number(row.sequence), json: String(row.json) });
      older += Number(row.sequence) === last ? 0 : Number(row.conversions);
      if (older >= limit) break;
    }
    return found;
  }

  findAnswer(key: string): string | null {
    const row = this.#get('SELECT json FROM answers WHERE key = ?', key);
    return row === undefined ? null : String(row.json);
  }

  forgetAnswers(at: number): void {
    this.#run('DELETE FROM answers WHERE at < ?', at);
  }

  close(): void {
    this.#db.close();
  }

  #append({ machine, expectedSequence, rows }: Append): AppendResult {
    const actualSequence = Number(this.#get('SELECT sequence FROM machines WHERE machine = ?', machine)?.sequence ?? 0);
    if (actualSequence !== expectedSequence) return { actualSequence };
    let sequence = expectedSequence;
    for (const row of rows) {
      sequence++;
      if ('key' in row) this.#run('INSERT OR REPLACE INTO answers VALUES (?, ?, ?)', row.key, row.at, row.json);
      else this.#insert(sequence, row);
    }
    this.#run('INSERT OR REPLACE INTO machines VALUES (?, ?)', machine, sequence);
    return null;
  }

  #insert(sequence: number, { ramBlockId, kind, conversions, json }: Row): void {
    if (kind === 'block-created') {
      const { lastInsertRowid } = this.#run('INSERT INTO blocks (block) VALUES (?)', ramBlockId);
      this.#numbers.set(ramBlockId, Number(lastInsertRowid));
    }
    const number = this.#numbers.get(ramBlockId);
    if (number === undefined) throw new Error(`a record names block ${ramBlockId}, which the journal does not have`);
    if (kind === 'block-deleted') {
      for (const table of ['records', 'snapshots']) this.#run(`DELETE FROM ${table} WHERE block = ?`, number);
      this.#run('DELETE FROM blocks WHERE number = ?', number);
      this.#numbers.delete(ramBlockId);
      return;
    }
    this.#run('INSERT INTO records VALUES (?, ?, ?, ?, ?)', number, sequence, conversions, json, crc32(json));
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #get(sql: string, ...values: (string | number)[]): Record<string, unknown> | undefined {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: (string | number)[]): Record<string, unknown>[] {
    return this.#statement(sql).all(...values);
  }

  #run(sql: string, ...values: (string | number | null | Uint8Array)[]): { lastInsertRowid: number | bigint } {
    return this.#statement(sql).run(...values);
  }
}

function damaged(what: string): Error {
  return new Error(
    `the journal is damaged: ${what} does not match its checksum; restore the data folder from a backup`,
  );
}
