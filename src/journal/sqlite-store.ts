// The tables of the journal and what is done with them. Synchronous: it lives in the journal's worker thread, where a
// slow disk holds up nobody else.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AnswerRow, Append, Row } from './append-group.ts';
import { checksumOf, checksumOfRecord, checksumOfSnapshot, damaged, NO_RECORD } from './checksums.ts';
import { HISTORY_LIMIT } from './journal.ts';
import { type FileOptions, openFile } from './sqlite-file.ts';

/** A record that the history finds conversions in. */
export interface HistoryRow {
  readonly sequence: number;
  readonly json: string;
}

/** One of these per append of a group: null when it is durable, else the sequence that the machine really has. */
export type AppendResult = null | { readonly actualSequence: number };

/** A block as the table has it. */
interface Head {
  readonly ramBlockId: string;
  readonly number: number;
  /** Of its last record. */
  sequence: number;
  record: number;
  /** Conversions that its records have; null where they are not counted yet. */
  conversions: number | null;
}

export class SqliteStore {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** What people should know of how it was found. */
  readonly remark: string | null;
  /** The last sequence of each machine. Nobody else writes it: the file is this process's alone. */
  readonly #sequences = new Map<string, number>();
  readonly #heads = new Map<string, Head>();

  /** @throws Error when the folder cannot be used, another process has it, or it is damaged */
  constructor(folder: string, options: FileOptions = {}) {
    const { db, remark } = openFile(folder, options);
    this.#db = db;
    this.remark = remark;
    try {
      this.#readTables();
    } catch (error) {
      db.close();
      throw error;
    }
  }

  positions(): [string, number][] {
    return [...this.#sequences];
  }

  blockIds(): string[] {
    return [...this.#heads.keys()];
  }

  /** The newest snapshot of a block and the JSON array of the records after it. @throws Error on damaged rows */
  load(ramBlockId: string): { snapshot: Uint8Array | null; records: string } {
    const head = this.#heads.get(ramBlockId);
    const number = head?.number ?? -1;
    const saved = this.#get('SELECT sequence, data, record, crc FROM snapshots WHERE block = ?', number);
    const snapshot = saved?.data instanceof Uint8Array ? saved.data : null;
    const after = Number(saved?.sequence ?? -1);
    let previous = Number(saved?.record ?? NO_RECORD);
    if (snapshot !== null && checksumOfSnapshot(ramBlockId, after, snapshot, previous) !== saved?.crc) {
      throw damaged(`the snapshot of ${ramBlockId} does not match its checksum`);
    }
    const rows = this.#all(
      'SELECT sequence, conversions, json, previous, crc FROM records WHERE block = ? AND sequence > ? ORDER BY sequence',
      number,
      after,
    );
    for (const row of rows) {
      if (row.previous !== previous) throw damaged(`a record before ${row.sequence} of ${ramBlockId} is missing`);
      previous = this.#checkedRecord(ramBlockId, row);
    }
    const last = Number(rows.at(-1)?.sequence ?? Math.min(after, head?.sequence ?? -1));
    if (previous !== head?.record || last !== head.sequence)
      throw damaged(`the last record of ${ramBlockId} is missing`);
    return { snapshot, records: `[${rows.map(({ json }) => json).join(',')}]` };
  }

  /** Commits a group of appends with one fsync. @throws Error when the outcome is unknown; the store is of no more use then */
  commit(group: readonly Append[]): AppendResult[] {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const machines = new Set<string>();
      const heads = new Set<Head>();
      const results = group.map((append) => this.#append(append, machines, heads));
      for (const machine of machines) {
        const sequence = this.#sequences.get(machine) ?? 0;
        this.#run('INSERT OR REPLACE INTO machines VALUES (?, ?, ?)', machine, sequence, checksumOf(machine, sequence));
      }
      for (const { sequence, record, number } of heads) {
        this.#run('UPDATE blocks SET sequence = ?, record = ? WHERE number = ?', sequence, record, number);
      }
      this.#db.exec('COMMIT');
      return results;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  saveSnapshot(ramBlockId: string, sequence: number, data: Uint8Array): void {
    const head = this.#heads.get(ramBlockId);
    if (head === undefined) return;
    const { number } = head;
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const before = this.#get('SELECT sequence, record FROM snapshots WHERE block = ?', number);
      const last = this.#get(
        'SELECT crc FROM records WHERE block = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1',
        number,
        sequence,
      );
      const record = Number(last?.crc ?? before?.record ?? NO_RECORD);
      const crc = checksumOfSnapshot(ramBlockId, sequence, data, record);
      this.#run('INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?)', number, sequence, data, record, crc);
      this.#run(
        'DELETE FROM records WHERE block = ? AND sequence > ? AND sequence <= ? AND conversions = 0',
        number,
        Number(before?.sequence ?? -1),
        sequence,
      );
      this.#forgetHistory(head, sequence);
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** The record at `last`, where it has conversions, and older ones with at least `limit` of them, newest first. */
  history(ramBlockId: string, last: number, limit: number): HistoryRow[] {
    const rows = this.#statement(
      `SELECT sequence, conversions, json, previous, crc FROM records
       WHERE block = ? AND conversions > 0 AND sequence <= ? ORDER BY sequence DESC`,
    ).iterate(this.#heads.get(ramBlockId)?.number ?? -1, last);
    const found: HistoryRow[] = [];
    let older = 0;
    for (const row of rows) {
      this.#checkedRecord(ramBlockId, row);
      found.push({ sequence: Number(row.sequence), json: String(row.json) });
      older += Number(row.sequence) === last ? 0 : Number(row.conversions);
      if (older >= limit) break;
    }
    return found;
  }

  findAnswer(key: string): string | null {
    const row = this.#get('SELECT at, json, crc FROM answers WHERE key = ?', key);
    if (row === undefined) return null;
    const json = String(row.json);
    if (checksumOf(key, Number(row.at), json) !== row.crc) throw damaged('a stored answer does not match its checksum');
    return json;
  }

  forgetAnswers(at: number): void {
    this.#run('DELETE FROM answers WHERE at < ?', at);
  }

  close(): void {
    this.#db.close();
  }

  /** @throws Error on damaged rows */
  #readTables(): void {
    for (const row of this.#all('SELECT machine, sequence, crc FROM machines')) {
      const [machine, sequence] = [String(row.machine), Number(row.sequence)];
      if (checksumOf(machine, sequence) !== row.crc)
        throw damaged('the sequence of a machine does not match its checksum');
      this.#sequences.set(machine, sequence);
    }
    const numbers = new Set<number>();
    for (const row of this.#all('SELECT block, number, sequence, record FROM blocks')) {
      const number = Number(row.number);
      const ramBlockId = String(row.block);
      const [sequence, record] = [Number(row.sequence), Number(row.record)];
      this.#heads.set(ramBlockId, { ramBlockId, number, sequence, record, conversions: null });
      numbers.add(number);
    }
    for (const table of ['records', 'snapshots']) {
      // From one block to the next, without looking at what is between.
      const next = this.#statement(`SELECT block FROM ${table} WHERE block > ? ORDER BY block LIMIT 1`);
      for (let row = next.get(-1); row !== undefined; row = next.get(Number(row.block))) {
        if (!numbers.has(Number(row.block))) throw damaged(`there are ${table} of a block that is missing`);
      }
    }
  }

  #append({ machine, expectedSequence, rows }: Append, machines: Set<string>, heads: Set<Head>): AppendResult {
    const actualSequence = this.#sequences.get(machine) ?? 0;
    if (actualSequence !== expectedSequence) return { actualSequence };
    let sequence = expectedSequence;
    for (const row of rows) {
      sequence++;
      if ('key' in row) this.#keepAnswer(row);
      else this.#keepRecord(sequence, row, heads);
    }
    this.#sequences.set(machine, sequence);
    machines.add(machine);
    return null;
  }

  #keepAnswer({ key, at, json }: AnswerRow): void {
    this.#run('INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)', key, at, json, checksumOf(key, at, json));
  }

  #keepRecord(sequence: number, { ramBlockId, kind, conversions, json }: Row, heads: Set<Head>): void {
    if (kind === 'block-created') {
      const { lastInsertRowid } = this.#run('INSERT INTO blocks VALUES (NULL, ?, 0, 0)', ramBlockId);
      const number = Number(lastInsertRowid);
      this.#heads.set(ramBlockId, { ramBlockId, number, sequence: 0, record: NO_RECORD, conversions: 0 });
    }
    const head = this.#heads.get(ramBlockId);
    if (head === undefined) throw new Error(`a record names block ${ramBlockId}, which the journal does not have`);
    const { number, record: previous } = head;
    if (kind === 'block-deleted') {
      for (const table of ['records', 'snapshots']) this.#run(`DELETE FROM ${table} WHERE block = ?`, number);
      this.#run('DELETE FROM blocks WHERE number = ?', number);
      this.#heads.delete(ramBlockId);
      heads.delete(head);
      return;
    }
    const crc = checksumOfRecord({ ramBlockId, sequence, conversions, json, previous });
    this.#run('INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)', number, sequence, conversions, json, previous, crc);
    head.sequence = sequence;
    head.record = crc;
    if (head.conversions !== null) head.conversions += conversions;
    heads.add(head);
  }

  /** Forgets the oldest conversions when there are twice as many as are kept. */
  #forgetHistory(head: Head, upTo: number): void {
    const { number } = head;
    const count = () => this.#get('SELECT SUM(conversions) AS all_of_them FROM records WHERE block = ?', number);
    head.conversions ??= Number(count()?.all_of_them ?? 0);
    if (head.conversions < 2 * HISTORY_LIMIT) return;
    const oldest = this.#get(
      `SELECT sequence FROM (
         SELECT sequence, SUM(conversions) OVER (ORDER BY sequence DESC) AS newer
         FROM records WHERE block = ? AND conversions > 0
       ) WHERE newer >= ? ORDER BY sequence DESC LIMIT 1`,
      number,
      HISTORY_LIMIT,
    );
    const before = Math.min(Number(oldest?.sequence ?? 0), upTo + 1);
    this.#run('DELETE FROM records WHERE block = ? AND sequence < ?', number, before);
    head.conversions = null;
  }

  /** @returns the checksum of the record, which is the right one @throws Error where it is not */
  #checkedRecord(ramBlockId: string, row: Record<string, unknown>): number {
    const [sequence, conversions, previous] = [Number(row.sequence), Number(row.conversions), Number(row.previous)];
    const crc = checksumOfRecord({ ramBlockId, sequence, conversions, json: String(row.json), previous });
    if (crc !== row.crc) throw damaged(`record ${sequence} of ${ramBlockId} does not match its checksum`);
    return crc;
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
