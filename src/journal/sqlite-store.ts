// The journal as SQLite keeps it: a log that groups of appends are committed to as they are, and the tables that they are
// filed in, many together. Synchronous: it lives in the journal's worker thread, where a slow disk holds up nobody else.
import type { DatabaseSync } from 'node:sqlite';
import { AnswerBook } from './answer-book.ts';
import { BlockTable } from './block-table.ts';
import { checksumOf, damaged } from './checksums.ts';
import { LogTable } from './log-table.ts';
import { LogTail } from './log-tail.ts';
import type { LoggedAnswer, LoggedRecord } from './log-text.ts';
import { withoutRuns } from './record-text.ts';
import { SHORT } from './segment-table.ts';
import { cutIntoSegments, writeSegment } from './segment-text.ts';
import { checkFile, type FileOptions, openFile } from './sqlite-file.ts';
import { Statements } from './statements.ts';

/** A block as it is read back. */
export interface LoadedBlock {
  readonly ramBlockId: string;
  readonly snapshot: Uint8Array | null;
  /** The last sequence that is in the snapshot. */
  readonly after: number;
  /** Segments with all records after it, and perhaps some before, oldest first; to be read once. */
  readonly texts: Iterable<string>;
}

/** Some of a block as it is read back: all of it, or, of one that is large, what follows the piece before. */
export interface LoadedPiece extends LoadedBlock {
  readonly texts: string[];
}

/** Records of the history; not all where the oldest of them is followed by others that were not looked at. */
export interface PieceOfHistory {
  readonly records: readonly LoggedRecord[];
  readonly isAll: boolean;
}

/** Bytes of stored answers (keys and JSON) by whose they are: see `ownerOf`. */
export type BytesByOwner = readonly (readonly [owner: string, bytes: number])[];

/** Characters of records of the history that are read in one piece, and one record more. */
const PIECE_OF_HISTORY = 2 ** 20;

/** Characters with which the log is filed: these, and for each of its blocks these; and with so many in any case. */
const ENOUGH = 512 * 1024;
const ENOUGH_OF_BLOCK = 1.5 * SHORT;
const LOG_LIMIT = 4 * 1024 * 1024;
/** Bytes and characters that are read back together; more where a single snapshot or segment has more. */
const PIECE = 512 * 1024;

export class SqliteStore {
  /** What people should know of how it was found. */
  readonly remark: string | null;
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  readonly #logLimit: number;
  readonly #log: LogTable;
  readonly #blocks: BlockTable;
  /** The last sequence of each machine, as filed. Nobody else writes it: the file is this process's alone. */
  readonly #sequences: Map<string, number>;
  readonly #tail: LogTail;
  #failure: unknown = null;
  #isChecked = false;
  /** Whether {@link SqliteStore.blocks} is not at its end yet: what is filed meanwhile would be read twice. */
  #isBeingRead = false;

  /** @throws Error when the folder cannot be used, another process has it, or it is damaged */
  constructor(folder: string, options: FileOptions = {}) {
    const { db, remark } = openFile(folder, options);
    this.#db = db;
    this.remark = remark;
    this.#logLimit = options.logLimit ?? LOG_LIMIT;
    this.#statements = new Statements(db);
    try {
      this.#sequences = readSequences(this.#statements);
      this.#blocks = new BlockTable(this.#statements);
      this.#log = new LogTable(this.#statements);
      this.#tail = new LogTail({
        sequenceOf: (machine) => this.#sequences.get(machine),
        hasBlock: (ramBlockId) => this.#blocks.get(ramBlockId) !== undefined,
      });
      for (const text of this.#log.read()) this.#tail.add(text);
      // Unpacked here, where what does not fit together is found out in time.
      this.positions();
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Why it is of no more use; null where it is. */
  get failure(): unknown {
    return this.#failure;
  }

  positions(): [string, number][] {
    this.#expectUsable();
    return [...new Map([...this.#sequences, ...this.#tail.positions])];
  }

  blockIds(): string[] {
    this.#expectUsable();
    const { blocks } = this.#tail;
    const filed = [...this.#blocks.ids()].filter((id) => !blocks.has(id));
    return [...filed, ...[...blocks].flatMap(([id, { exists }]) => (exists ? [id] : []))];
  }

  /** All blocks, some at a time, then {@link SqliteStore.check}: whoever reads them has something to do meanwhile. */
  *blocks(): Generator<LoadedPiece[], void> {
    this.#isBeingRead = true;
    let pieces: LoadedPiece[] = [];
    let size = 0;
    for (const ramBlockId of this.blockIds()) {
      const { snapshot, after, texts } = this.load(ramBlockId);
      let piece: LoadedPiece | null = { ramBlockId, snapshot, after, texts: [] };
      pieces.push(piece);
      size += snapshot?.length ?? 0;
      for (const text of texts) {
        if (piece === null) {
          piece = { ramBlockId, snapshot: null, after, texts: [] };
          pieces.push(piece);
        }
        piece.texts.push(text);
        size += text.length;
        if (size < PIECE) continue;
        yield pieces;
        [pieces, piece, size] = [[], null, 0];
      }
      if (size < PIECE) continue;
      yield pieces;
      [pieces, size] = [[], 0];
    }
    if (pieces.length > 0) yield pieces;
    this.#isBeingRead = false;
    this.check();
  }

  /** Reads the whole file, once, unless that was done. @throws Error where it is damaged; the store is of no more use then */
  check(): void {
    this.#expectUsable();
    if (this.#isChecked) return;
    try {
      checkFile(this.#db);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    this.#isChecked = true;
  }

  /** The newest snapshot of a block and the records after it. @throws Error on damaged rows */
  load(ramBlockId: string): LoadedBlock {
    this.#expectUsable();
    const unfiled = this.#tail.blocks.get(ramBlockId);
    const records = unfiled?.records ?? [];
    if (unfiled?.replaced) return { ramBlockId, snapshot: null, after: -1, texts: segmentsOf(records) };
    const { snapshot, after, texts } = this.#blocks.load(ramBlockId);
    return { ramBlockId, snapshot, after, texts: records.length === 0 ? texts : both(texts, segmentsOf(records)) };
  }

  /** Commits a group of appends with one fsync. @throws Error when the outcome is unknown; the store is of no more use then */
  commit(group: string): void {
    this.#change(() => this.#log.append(group));
    this.#tail.add(group);
  }

  /**
   * Files the log where it has enough for segments that need not be written again, or is long. Appends wait for it, so
   * that sooner is better. Where it fails, {@link SqliteStore.failure} says so.
   */
  fileWhenDue(): void {
    if (this.#failure !== null) return;
    try {
      // To count them unpacks the log, commit by commit, which then need not be done all at once.
      const enough = Math.max(ENOUGH, this.#tail.blocks.size * ENOUGH_OF_BLOCK);
      if (this.#tail.length >= Math.min(enough, this.#logLimit)) this.#file();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  /** @throws Error when it is not kept; the store is of use all the same, unless filing failed */
  saveSnapshot(ramBlockId: string, sequence: number, data: Uint8Array): void {
    this.check();
    const unfiled = this.#tail.blocks.get(ramBlockId);
    if (unfiled?.exists === false) return;
    if (unfiled?.replaced) this.#file();
    this.#blocks.saveSnapshot(ramBlockId, sequence, data);
  }

  /**
   * The record at `last`, where it has conversions, and older ones with at least `limit` of them, newest first, without
   * the runs of their steps. Few where they are long: commits wait meanwhile, so that the rest is asked for once more.
   */
  history(ramBlockId: string, last: number, limit: number): PieceOfHistory {
    this.#expectUsable();
    const records: LoggedRecord[] = [];
    let older = 0;
    let characters = 0;
    for (const record of this.#newestFirst(ramBlockId, last)) {
      characters += record.json.length;
      records.push({ ...record, json: withoutRuns(record.json) });
      older += record.sequence === last ? 0 : record.conversions;
      if (older >= limit) break;
      if (characters >= PIECE_OF_HISTORY) return { records, isAll: false };
    }
    return { records, isAll: true };
  }

  findAnswer(key: string): string | null {
    this.#expectUsable();
    const unfiled = this.#tail.answers.get(key);
    if (unfiled !== undefined) return unfiled.json;
    const row = this.#statements.get('SELECT at, json, crc FROM answers WHERE key = ?', key);
    if (row === undefined) return null;
    const json = String(row.json);
    if (checksumOf(key, Number(row.at), json) !== row.crc) throw damaged('a stored answer does not match its checksum');
    return json;
  }

  /** Returns the bytes that the kept answers take. SQLite takes the lengths from the heads of rows, without the texts. */
  answerBytes(): BytesByOwner {
    this.#expectUsable();
    const book = new AnswerBook();
    for (const [owner, bytes] of this.#filedAnswerBytes('TRUE')) book.add(owner, bytes);
    for (const answer of this.#tail.answers.values()) {
      for (const [owner, bytes] of this.#filedAnswerBytes('key = ?', answer.key)) book.add(owner, -bytes);
      book.keep(answer, answer.json);
    }
    return [...book.entries()];
  }

  /**
   * Forgets the answers given before `before` (milliseconds since the epoch); none while the blocks are being read, and the
   * next call sees to them. @returns the bytes that they took
   */
  forgetAnswers(before: number): BytesByOwner {
    if (this.#isBeingRead) return [];
    this.check();
    if ([...this.#tail.answers.values()].some(({ at }) => at < before)) this.#file();
    const forgotten = this.#filedAnswerBytes('at < ?', before);
    this.#statements.run('DELETE FROM answers WHERE at < ?', before);
    return forgotten;
  }

  close(): void {
    try {
      if (this.#tail.length > 0) this.#file();
    } catch {
      // It is in the log, where it is found when the journal is opened again.
    }
    this.#statements.close();
  }

  *#newestFirst(ramBlockId: string, last: number): Generator<LoggedRecord> {
    const unfiled = this.#tail.blocks.get(ramBlockId);
    for (const record of unfiled?.records.toReversed() ?? []) {
      if (record.conversions > 0 && record.sequence <= last) yield record;
    }
    const chain = this.#blocks.get(ramBlockId);
    if (chain !== undefined && !unfiled?.replaced) yield* this.#blocks.segments.newestFirst(chain, last);
  }

  /** Moves what is in the log to where it is looked for. */
  #file(): void {
    this.#change(() => {
      for (const [ramBlockId, block] of this.#tail.blocks) this.#blocks.file(ramBlockId, block);
      for (const [machine, sequence] of this.#tail.positions) this.#fileSequence(machine, sequence);
      for (const answer of this.#tail.answers.values()) this.#fileAnswer(answer);
      this.#log.empty();
    });
    this.#tail.clear();
  }

  #fileSequence(machine: string, sequence: number): void {
    const crc = checksumOf(machine, sequence);
    this.#statements.run('INSERT OR REPLACE INTO machines VALUES (?, ?, ?)', machine, sequence, crc);
    this.#sequences.set(machine, sequence);
  }

  /** @param condition of SQL, on the table of answers, with a place for each of `values` */
  #filedAnswerBytes(condition: string, ...values: (string | number)[]): BytesByOwner {
    // The owner is what ownerOf says, the bytes are what answerBytes says.
    const rows = this.#statements.all(
      `SELECT substr(key, 1, max(0, instr(key, '.') - 1)) AS owner, SUM(octet_length(key) + octet_length(json)) AS bytes
       FROM answers WHERE ${condition} GROUP BY owner`,
      ...values,
    );
    return rows.map(({ owner, bytes }) => [String(owner), Number(bytes)]);
  }

  #fileAnswer({ key, at, json }: LoggedAnswer): void {
    const crc = checksumOf(key, at, json);
    this.#statements.run('INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)', key, at, crc, json);
  }

  /** After a change that failed nothing is known of what is in the file: the store is of no more use. */
  #change(task: () => void): void {
    this.check();
    try {
      this.#statements.transaction(task);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #expectUsable(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}

function* segmentsOf(records: readonly LoggedRecord[]): Generator<string, void> {
  for (const some of cutIntoSegments(records)) yield writeSegment(some);
}

function* both<T>(first: Iterable<T>, second: Iterable<T>): Generator<T, void> {
  yield* first;
  yield* second;
}

/** @throws Error on damaged rows */
function readSequences(statements: Statements): Map<string, number> {
  const rows = statements.all('SELECT machine, sequence, crc FROM machines');
  return new Map(
    rows.map(({ machine, sequence, crc }) => {
      const [name, last] = [String(machine), Number(sequence)];
      if (checksumOf(name, last) !== crc) throw damaged('the sequence of a machine does not match its checksum');
      return [name, last];
    }),
  );
}
