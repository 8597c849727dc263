// The embedded journal: SQLite in a worker thread, with group commit. While one group is being written, everything that
// is appended waits for the next, so that any number of changes share an fsync; but for a group that is long already, to
// which more would bring little: the worker gets it to write it next. What can be refused is refused here: the worker gets
// a group as one text and writes it as it is.
import { extname } from 'node:path';
import { setImmediate as turnOver } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { BlockRecord, SourceChanged } from '../core/records.ts';
import { Problem } from '../errors.ts';
import { AnswerBook } from './answer-book.ts';
import { secureFiles } from './file-access.ts';
import { GroupText } from './group-text.ts';
import {
  type Answered,
  type Journal,
  type JournalRecord,
  MAX_STEPS,
  type PastConversion,
  pastConversions,
  type StoredBlock,
} from './journal.ts';
import { readRecord } from './record-text.ts';
import { parseSegment } from './segment-text.ts';
import { type FileOptions, readThrough } from './sqlite-file.ts';
import type { BytesByOwner, LoadedPiece, PieceOfHistory } from './sqlite-store.ts';
import type { StoreCall, StoreData, StoreRequest, StoreResponse } from './sqlite-worker.ts';

interface Call {
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: Problem) => void;
  /** When it was made, on the clock of `performance.now`. */
  readonly since: number;
}

/** Characters with which a group waits for no other: to write them takes as long as the fsync does. */
const FULL_GROUP = 96 * 1024;
/** Pieces of all blocks that are read before they are asked for. */
const PIECES_AHEAD = 4;

export class SqliteJournal implements Journal {
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  #lastCall = 0;
  /** What was appended since the last commit began. */
  readonly #group: GroupText;
  /** The commit of it; null where there is nothing. */
  #next: PromiseWithResolvers<void> | null = null;
  /** The end of the commit that began last. */
  #last: Promise<void> = Promise.resolve();
  /** The last sequence of every machine and all blocks, with what waits and what is under way. */
  readonly #sequences = new Map<string, number>();
  readonly #blocks = new Set<string>();
  readonly #answers = new AnswerBook();
  #failure: Problem | null = null;
  readonly #failed = Promise.withResolvers<Problem>();
  #remark: string | null = null;

  /**
   * Opens the journal in `folder`, which is made where it is missing.
   * @throws Error when it cannot be opened: in use, damaged, not writable
   */
  static async open(folder: string, options: FileOptions = {}): Promise<SqliteJournal> {
    const mended = secureFiles(folder);
    const journal = new SqliteJournal({ folder, options });
    try {
      // While its thread starts.
      await readThrough(folder);
      const found = (await journal.#call({ method: 'open', args: [] })) as string | null;
      journal.#remark = [mended, found].filter((remark) => remark !== null).join('; ') || null;
      for (const [machine, sequence] of await journal.positions()) journal.#sequences.set(machine, sequence);
      for (const ramBlockId of await journal.#blockIds()) journal.#blocks.add(ramBlockId);
      const kept = (await journal.#call({ method: 'answerBytes', args: [] })) as BytesByOwner;
      for (const [owner, bytes] of kept) journal.#answers.add(owner, bytes);
    } catch (error) {
      await journal.#worker.terminate();
      throw error;
    }
    return journal;
  }

  private constructor(workerData: StoreData) {
    this.#group = new GroupText(workerData.options.longestAppend);
    // The same file beside this one: .ts from a checkout, .js when installed.
    const file = new URL(`./sqlite-worker${extname(import.meta.filename)}`, import.meta.url);
    this.#worker = new Worker(file, { workerData, name: 'journal' });
    this.#worker.on('message', (response: StoreResponse) => this.#answered(response));
    this.#worker.on('error', (error) => this.#fail(unavailable(error)));
    this.#worker.on('exit', () => this.#fail(unavailable('it is closed')));
  }

  get remark(): string | null {
    return this.#remark;
  }

  get failed(): Promise<Problem> {
    return this.#failed.promise;
  }

  get waitedMs(): number {
    // They are answered in the order in which they were made.
    const [oldest] = this.#calls.values();
    return oldest === undefined ? 0 : performance.now() - oldest.since;
  }

  async positions(): Promise<ReadonlyMap<string, number>> {
    // What the worker answers is what the store's method of that name returns; so for every call below.
    return new Map((await this.#call({ method: 'positions', args: [] })) as [string, number][]);
  }

  async *blocks(): AsyncIterable<StoredBlock> {
    const read = (isFirst: boolean): Promise<unknown> => {
      const piece = this.#call({ method: 'blocks', args: [isFirst] });
      // Whoever comes to it hears of it.
      piece.catch(() => undefined);
      return piece;
    };
    // Some ahead, so that one thread reads while the other makes something of it, and neither waits to be told.
    const ahead = Array.from({ length: PIECES_AHEAD }, (_, index) => read(index === 0));
    for (;;) {
      const piece = (await ahead.shift()) as LoadedPiece[];
      if (piece.length === 0) return;
      ahead.push(read(false));
      for (const { ramBlockId, snapshot, after, texts } of piece) {
        // What is parsed was written by writeRecord.
        const parsed = texts.flatMap((text) => parseSegment(text, after));
        const records = parsed.map((record) => readRecord(record as BlockRecord));
        yield { ramBlockId, snapshot, records };
      }
    }
  }

  append(machine: string, expectedSequence: number, records: readonly JournalRecord[]): Promise<void> {
    const refusal = this.#refusalOf(machine, expectedSequence, records);
    if (refusal !== null) return Promise.reject(refusal);
    const answers = this.#group.add(machine, expectedSequence, records);
    for (const answer of answers) this.#answers.keep(answer, answer.json);
    this.#countBlocks(records);
    this.#sequences.set(machine, expectedSequence + records.length);
    const next = this.#next ?? this.#nextCommit();
    this.#next = next;
    if (this.#group.length >= FULL_GROUP) this.#commitGroup(next);
    return next.promise;
  }

  async saveSnapshot(ramBlockId: string, sequence: number, snapshot: Uint8Array): Promise<void> {
    await this.#call({ method: 'saveSnapshot', args: [ramBlockId, sequence, snapshot] });
  }

  async history(ramBlockId: string, before: number, limit: number): Promise<PastConversion[]> {
    const found: PastConversion[] = [];
    // The last record may be of the same change as `before`, for a change can have many conversions.
    let last = Math.floor((before - 1) / MAX_STEPS);
    for (;;) {
      const piece = await this.#call({ method: 'history', args: [ramBlockId, last, limit - found.length] });
      const { records, isAll } = piece as PieceOfHistory;
      for (const { sequence, json } of records) {
        // What the history finds in the store are changes of sources.
        const all = pastConversions(sequence, readRecord(JSON.parse(json)) as SourceChanged);
        for (const past of all) if (past.position < before && found.length < limit) found.push(past);
        last = sequence - 1;
      }
      if (isAll || found.length >= limit) return found;
    }
  }

  async findAnswer(key: string): Promise<Answered | null> {
    const json = (await this.#call({ method: 'findAnswer', args: [key] })) as string | null;
    return json === null ? null : (JSON.parse(json) as Answered);
  }

  async forgetAnswers(at: number): Promise<void> {
    const forgotten = (await this.#call({ method: 'forgetAnswers', args: [at] })) as BytesByOwner;
    for (const [owner, bytes] of forgotten) this.#answers.add(owner, -bytes);
  }

  answerBytes(owner?: string): number {
    return owner === undefined ? this.#answers.total : this.#answers.of(owner);
  }

  async close(): Promise<void> {
    if (this.#failure === null) await this.#call({ method: 'close', args: [] });
    await this.#worker.terminate();
  }

  /** The commit of what is appended from now on, which begins when the last one is over. */
  #nextCommit(): PromiseWithResolvers<void> {
    const next = Promise.withResolvers<void>();
    // What else has come in that turn of the event loop joins the group: to wake the worker is what costs most of it.
    void this.#last.then(turnOver).then(() => {
      if (this.#next === next) this.#commitGroup(next);
    });
    return next;
  }

  #commitGroup({ resolve, reject }: PromiseWithResolvers<void>): void {
    this.#next = null;
    this.#last = this.#commit(this.#group.take()).then(resolve, reject);
  }

  async #commit(group: string): Promise<void> {
    try {
      if (group !== '' || this.#failure !== null) await this.#call({ method: 'commit', args: [group] });
    } catch (error) {
      const problem = unavailable(error);
      this.#fail(problem);
      throw problem;
    }
  }

  #refusalOf(machine: string, expectedSequence: number, records: readonly JournalRecord[]): Problem | null {
    const actual = this.#sequences.get(machine) ?? 0;
    if (actual !== expectedSequence) {
      const detail = `machine ${machine} is at sequence ${actual}, not ${expectedSequence}: another process writes to it`;
      return new Problem('not-owner', detail, { retryAfterSeconds: 1 });
    }
    const created = new Set<string>();
    for (const record of records) {
      if (record.kind === 'answered') continue;
      if (record.kind === 'block-created') created.add(record.ramBlockId);
      if (this.#blocks.has(record.ramBlockId) || created.has(record.ramBlockId)) continue;
      const problem = unavailable(`a record names block ${record.ramBlockId}, which it does not have`);
      this.#fail(problem);
      return problem;
    }
    return null;
  }

  #countBlocks(records: readonly JournalRecord[]): void {
    for (const record of records) {
      if (record.kind === 'block-created') this.#blocks.add(record.ramBlockId);
      if (record.kind === 'block-deleted') this.#blocks.delete(record.ramBlockId);
    }
  }

  async #blockIds(): Promise<string[]> {
    return (await this.#call({ method: 'blockIds', args: [] })) as string[];
  }

  #call(call: StoreCall): Promise<unknown> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const request: StoreRequest = { ...call, id: ++this.#lastCall };
      this.#calls.set(request.id, { resolve, reject, since: performance.now() });
      this.#worker.postMessage(request);
    });
  }

  #answered(response: StoreResponse): void {
    if ('failed' in response) {
      this.#fail(unavailable(response.failed));
      return;
    }
    const call = this.#calls.get(response.id);
    this.#calls.delete(response.id);
    if ('error' in response) call?.reject(unavailable(response.error));
    else call?.resolve(response.result);
  }

  /** After a failure nothing is known of what was under way: no call is answered from here on. */
  #fail(problem: Problem): void {
    this.#failure ??= problem;
    this.#failed.resolve(this.#failure);
    for (const { reject } of this.#calls.values()) reject(problem);
    this.#calls.clear();
  }
}

function unavailable(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new Problem('journal-unavailable', `the journal cannot be used: ${reason}`, { retryAfterSeconds: 1 });
}
