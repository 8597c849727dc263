// The journal as SQLite keeps it, see sqlite-tables.ts. Synchronous: it lives in the journal's worker thread, where a slow
// disk holds up nobody else. Whatever takes longer than a commit may is cut into slices, between which others commit.
import type { DatabaseSync } from 'node:sqlite';
import { HISTORY_LIMIT, type KeptAnswer } from './journal.ts';
import type { EncodedRecord } from './record-text.ts';
import { checkFile, checkpoint, type FileOptions, framesInLog, openFile } from './sqlite-file.ts';
import {
  type AnswerBytes,
  type BlockRow,
  keyOf,
  type MachineRow,
  type RecordKey,
  SqliteTables,
} from './sqlite-tables.ts';
import { Statements } from './statements.ts';

/** A record to be appended. */
export interface NewRecord extends EncodedRecord {
  readonly ramBlockId: string;
  readonly ends: 'nothing' | 'begins' | 'ends';
  /** How many the history finds in it. */
  readonly conversions: number;
}

/** One append, as it comes to the journal's thread. */
export interface NewAppend {
  readonly machine: string;
  /** The last one of the machine; the records follow it. */
  readonly sequence: number;
  readonly records: readonly NewRecord[];
  readonly answer: KeptAnswer | null;
}

/** Something of what is kept: first the snapshots, then what came after them. */
export interface LoadedPiece {
  readonly snapshots: { readonly ramBlockId: string; readonly snapshot: Uint8Array }[];
  /** In order: the texts of several records with commas between them, or one record with lists. */
  readonly records: (string | EncodedRecord)[];
}

/** A record of the history without its lists. */
export interface PastRecord {
  readonly sequence: number;
  readonly text: string;
  readonly hasLists: boolean;
}

/** Some of the history, newest first. */
export interface PieceOfHistory {
  readonly records: readonly PastRecord[];
  /** The number of the change that follows; 0 where there is none. */
  readonly next: number;
}

/** A block that was not deleted. */
interface Block {
  readonly row: BlockRow;
  /** Its newest change, if any; null until somebody asks, or all is read. */
  newest: Pick<RecordKey, 'number' | 'total'> | null;
}

/** Bytes and characters that are read back together; more where a single snapshot or record has more. */
const PIECE = 2 ** 20;
/** Characters of records of the history that are read in one piece, and one record more. */
const PIECE_OF_HISTORY = 2 ** 20;
/** Changes that are passed in one piece. */
const MOST_PASSED = 2000;
/** Rows that are looked at, and deleted, in one slice: about a millisecond, and an fsync. */
const SLICE = 200;
/** Records that come before any are forgotten; as many as there are, where those are more: each is looked at anew. */
const FORGET_EVERY = 1000;
/** Pages that the write-ahead log may have before they are copied to their places. */
const CHECKPOINT_PAGES = 4000;

export class SqliteStore {
  /** A remark for people about the state in which it was found. */
  readonly remark: string | null;
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  readonly #tables: SqliteTables;
  /** Nobody else writes what these say: the file is this process's alone. */
  readonly #machines: Map<string, MachineRow>;
  readonly #blocks = new Map<string, Block>();
  /** All of them by number, also those that are deleted. */
  readonly #rows = new Map<number, BlockRow>();
  readonly #chores: Generator<void, void>[] = [];
  #failure: unknown = null;
  #isChecked = false;
  /** Records that there were when some were last forgotten; null while that goes on. */
  #recordsLeft: number | null = 0;

  /** @throws Error when the folder cannot be used, another process has it, or it is damaged */
  constructor(folder: string, options: FileOptions = {}) {
    const { db, remark } = openFile(folder, options);
    this.#db = db;
    this.remark = remark;
    this.#statements = new Statements(db);
    try {
      this.#tables = new SqliteTables(this.#statements);
      const machines = this.#tables.machines();
      this.#machines = new Map(machines.map((machine) => [machine.name, machine]));
      for (const row of this.#tables.blocks(machines)) {
        this.#rows.set(row.number, row);
        if (row.deleted) this.#chores.push(this.#deleteOldParts(row));
        else this.#blocks.set(row.ramBlockId, { row, newest: null });
      }
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
    return [...this.#machines.values()].map(({ name, sequence }) => [name, sequence]);
  }

  /**
   * Reads all blocks, some at a time: whoever reads them has something to do meanwhile. At the end {@link SqliteStore.check}.
   * @param name of the machine whose blocks are read; null: all
   * @throws Error where it is damaged
   */
  *blocks(name: string | null): Generator<LoadedPiece, void> {
    this.#expectUsable();
    const machine = name === null ? null : (this.#machines.get(name) ?? null);
    const blocks = [...this.#blocks.values()].filter(({ row }) => machine === null || row.machine === machine);
    if (name === null || machine !== null) {
      yield* this.#snapshots(blocks);
      yield* this.#records(blocks, machine);
    }
    this.check();
  }

  /** Reads the whole file, once, unless that was done. @throws Error where it is damaged; the store is of no more use then */
  check(): void {
    this.#expectUsable();
    if (this.#isChecked) return;
    try {
      checkFile(this.#db);
      this.#tables.checkRecords();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    this.#isChecked = true;
  }

  /** Commits appends with one fsync. @throws Error when the outcome is unknown; the store is of no more use then */
  commit(appends: readonly NewAppend[]): void {
    this.check();
    try {
      this.#statements.transaction(() => {
        const changed = new Set<MachineRow>();
        for (const append of appends) changed.add(this.#append(append));
        for (const machine of changed) this.#tables.updateMachine(machine);
      });
    } catch (error) {
      // Memory and file may differ now.
      this.#failure = error;
      throw error;
    }
  }

  /** Copies the write-ahead log to its place where it is long. Appends wait for it, so it is no part of a commit. */
  checkpointWhenDue(): void {
    if (this.#failure === null && framesInLog(this.#db) >= CHECKPOINT_PAGES) checkpoint(this.#db);
  }

  /** Returns what there is to do when nobody waits, in slices; undefined where there is nothing. */
  nextChore(): Generator<void, void> | undefined {
    // Not before somebody has written, or all is read: nothing is written before all of the file was looked at.
    return this.#isChecked ? this.#chores.shift() : undefined;
  }

  /** Keeps a snapshot, in slices. @throws Error when it is not kept; the store is of use all the same */
  *saveSnapshot(ramBlockId: string, sequence: number, data: Uint8Array): Generator<void, void> {
    this.check();
    const block = this.#blocks.get(ramBlockId);
    // Records after an older snapshot may be forgotten already.
    if (block === undefined || sequence <= block.row.snapshot) return;
    const { row } = block;
    const parts = [...SqliteTables.partsOf(data)];
    for (const [part, bytes] of parts.slice(0, -1).entries()) {
      this.#statements.transaction(() => this.#tables.insertSnapshotPart(row, sequence, part, bytes));
      yield;
      if (row.deleted) return;
    }
    const { number: newest, total } = this.#newestOf(block);
    const saved = { snapshot: sequence, parts: parts.length, newest, total };
    this.#statements.transaction(() => {
      const last = parts.at(-1);
      if (last !== undefined) this.#tables.insertSnapshotPart(row, sequence, parts.length - 1, last);
      this.#tables.updateBlock({ ...row, ...saved });
    });
    Object.assign(row, saved);
    this.#chores.push(this.#deleteOldParts(row));
    this.#forgetWhenDue();
  }

  /**
   * Returns the record at `last`, where it has conversions, and older ones with at least `limit` of them, newest first.
   * Few where they are long, or lie far back: commits wait meanwhile, so the rest is asked for once more.
   * @param from the number of the change to begin with, as the piece before says; null: the newest
   */
  history(ramBlockId: string, from: number | null, last: number, limit: number): PieceOfHistory {
    this.#expectUsable();
    const records: PastRecord[] = [];
    const block = this.#blocks.get(ramBlockId);
    if (block === undefined) return { records, next: 0 };
    let next = from ?? this.#newestOf(block).number;
    let older = 0;
    let characters = 0;
    for (let passed = 0; next > 0 && older < limit && characters < PIECE_OF_HISTORY; passed++) {
      if (passed === MOST_PASSED) break;
      const record = this.#tables.record(block.row, next);
      if (record === null) return { records, next: 0 };
      const { sequence, text, conversions, lists, earlier } = record;
      next = earlier;
      if (sequence > last) continue;
      records.push({ sequence, text, hasLists: lists > 0 });
      characters += text.length;
      older += sequence === last ? 0 : conversions;
    }
    return { records, next };
  }

  findAnswer(key: string): KeptAnswer | null {
    this.#expectUsable();
    return this.#tables.findAnswer(key);
  }

  /** Returns the bytes that the kept answers take. */
  answerBytes(): AnswerBytes[] {
    this.#expectUsable();
    return this.#tables.answerBytes();
  }

  /** Forgets the answers given before `at` (milliseconds since the epoch), in slices. @returns the bytes that they took */
  *forgetAnswers(at: number): Generator<void, AnswerBytes[]> {
    this.check();
    const forgotten: AnswerBytes[] = [];
    let after = 0;
    for (;;) {
      const last = this.#tables.nextAnswers(after, SLICE);
      if (last === null) return forgotten;
      const bytes = this.#tables.oldAnswerBytes(after, last, at);
      if (bytes.length > 0) this.#statements.transaction(() => this.#tables.deleteOldAnswers(after, last, at));
      forgotten.push(...bytes);
      after = last;
      yield;
    }
  }

  close(): void {
    this.#statements.close();
  }

  *#snapshots(blocks: readonly Block[]): Generator<LoadedPiece, void> {
    let snapshots: LoadedPiece['snapshots'] = [];
    let size = 0;
    for (const { row } of blocks) {
      const snapshot = this.#tables.snapshotOf(row);
      if (snapshot === null) continue;
      snapshots.push({ ramBlockId: row.ramBlockId, snapshot });
      size += snapshot.byteLength;
      if (size < PIECE) continue;
      yield { snapshots, records: [] };
      [snapshots, size] = [[], 0];
    }
    if (snapshots.length > 0) yield { snapshots, records: [] };
  }

  *#records(blocks: readonly Block[], machine: MachineRow | null): Generator<LoadedPiece, void> {
    const newest = new Map<number, RecordKey>();
    let piece = new Piece();
    for (const record of this.#tables.records(this.#rows, machine)) {
      if (record.conversions > 0) newest.set(record.block, record);
      if (record.lists === 0) piece.addText(record.text);
      else piece.add({ text: record.text, lists: this.#tables.listsOf(record) });
      if (piece.size < PIECE) continue;
      yield piece.loaded();
      piece = new Piece();
    }
    for (const block of blocks) block.newest ??= newest.get(block.row.number) ?? newestIn(block.row);
    if (piece.size > 0) yield piece.loaded();
  }

  #newestOf(block: Block): Pick<RecordKey, 'number' | 'total'> {
    block.newest ??= this.#tables.newestChange(block.row) ?? newestIn(block.row);
    return block.newest;
  }

  /** @throws Error where it does not go on from what is there */
  #append({ machine: name, sequence, records, answer }: NewAppend): MachineRow {
    const machine = this.#machines.get(name) ?? this.#tables.insertMachine(name);
    this.#machines.set(name, machine);
    if (machine.sequence !== sequence) throw new Error(`machine ${name} is at sequence ${machine.sequence}`);
    for (const record of records) this.#keep(machine, record);
    if (answer !== null) this.#tables.insertAnswer(answer);
    return machine;
  }

  #keep(machine: MachineRow, { ramBlockId, ends, conversions, text, lists }: NewRecord): void {
    machine.sequence++;
    if (ends === 'begins') {
      this.#delete(ramBlockId);
      const row = this.#tables.insertBlock(ramBlockId, machine);
      this.#rows.set(row.number, row);
      this.#blocks.set(ramBlockId, { row, newest: newestIn(row) });
    }
    const block = this.#blocks.get(ramBlockId);
    if (block === undefined) throw new Error(`a record names block ${ramBlockId}, which the journal does not have`);
    if (ends === 'ends') {
      this.#delete(ramBlockId);
      return;
    }
    const { number: earlier, total } = conversions === 0 ? NONE : this.#newestOf(block);
    const record = { sequence: machine.sequence, conversions, total: total + conversions, earlier, text, lists };
    const key = this.#tables.insertRecord(block.row, record);
    if (conversions > 0) block.newest = key;
    machine.records++;
    machine.keys += keyOf(key);
  }

  /** Marks the block under that id, if any, as deleted: what is left of it goes in slices. */
  #delete(ramBlockId: string): void {
    const block = this.#blocks.get(ramBlockId);
    if (block === undefined) return;
    block.row.deleted = true;
    this.#tables.updateBlock(block.row);
    this.#blocks.delete(ramBlockId);
    this.#chores.push(this.#deleteOldParts(block.row));
    this.#forgetWhenDue();
  }

  *#deleteOldParts(row: BlockRow): Generator<void, void> {
    while (this.#statements.transaction(() => this.#tables.deleteOldPart(row))) yield;
  }

  #forgetWhenDue(): void {
    if (this.#recordsLeft === null) return;
    if (this.#countRecords() - this.#recordsLeft < Math.max(FORGET_EVERY, this.#recordsLeft)) return;
    this.#recordsLeft = null;
    this.#chores.push(this.#forget());
  }

  /** Forgets the records that nobody asks for: see {@link SqliteStore.#isWanted}. */
  *#forget(): Generator<void, void> {
    try {
      const deleted = [...this.#rows.values()].filter((row) => row.deleted);
      const end = this.#tables.lastRecord;
      for (let after = 0; ; ) {
        const keys = this.#tables.keysBetween(after, end, SLICE);
        const last = keys.at(-1);
        if (last === undefined) break;
        const doomed = keys.filter((key) => !this.#isWanted(key));
        if (doomed.length > 0) this.#deleteRecords(doomed);
        after = last.number;
        yield;
      }
      for (const row of deleted) {
        yield* this.#deleteOldParts(row);
        this.#statements.transaction(() => this.#tables.deleteBlock(row));
        this.#rows.delete(row.number);
      }
    } finally {
      this.#recordsLeft = this.#countRecords();
    }
  }

  /** Whether a record came after the snapshot of its block, or is in the history. */
  #isWanted({ block: number, sequence, conversions, total }: RecordKey): boolean {
    const row = this.#rows.get(number);
    const block = row === undefined || row.deleted ? undefined : this.#blocks.get(row.ramBlockId);
    if (block === undefined) return false;
    if (sequence > block.row.snapshot) return true;
    return conversions > 0 && this.#newestOf(block).total - total < HISTORY_LIMIT;
  }

  #deleteRecords(keys: readonly RecordKey[]): void {
    const changed = new Map<MachineRow, MachineRow>();
    this.#statements.transaction(() => {
      for (const key of keys) {
        this.#tables.deleteRecord(key);
        const machine = this.#rows.get(key.block)?.machine;
        if (machine === undefined) continue;
        const left = changed.get(machine) ?? { ...machine };
        left.records--;
        left.keys -= keyOf(key);
        changed.set(machine, left);
      }
      for (const machine of changed.values()) this.#tables.updateMachine(machine);
    });
    for (const [machine, left] of changed) Object.assign(machine, left);
  }

  #countRecords(): number {
    let count = 0;
    for (const { records } of this.#machines.values()) count += records;
    return count;
  }

  #expectUsable(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}

/** Stands for the change before the first. */
const NONE = { number: 0, total: 0 };

/** The newest change of a block when its snapshot was saved. */
function newestIn({ newest, total }: BlockRow): Pick<RecordKey, 'number' | 'total'> {
  return { number: newest, total };
}

/** A {@link LoadedPiece} while it is put together. */
class Piece {
  readonly #records: (string | EncodedRecord)[] = [];
  #texts: string[] = [];
  /** Bytes and characters. */
  size = 0;

  addText(text: string): void {
    this.#texts.push(text);
    this.size += text.length;
  }

  add(record: EncodedRecord): void {
    this.#joinTexts();
    this.#records.push(record);
    this.size += record.lists.reduce((sum, { byteLength }) => sum + byteLength, record.text.length);
  }

  loaded(): LoadedPiece {
    this.#joinTexts();
    return { snapshots: [], records: this.#records };
  }

  #joinTexts(): void {
    if (this.#texts.length > 0) this.#records.push(this.#texts.join(','));
    this.#texts = [];
  }
}
