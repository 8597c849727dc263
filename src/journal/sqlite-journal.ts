// The embedded journal: SQLite in a worker thread, with group commit. An append is committed at once when no other is being
// written; what comes meanwhile is written next, together, so that any number of changes share an fsync. Where a group was
// of several, many clients are at work: the next one takes what else comes in that turn of the event loop.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { BlockRecord, SourceChanged } from '../core/records.ts';
import { Problem } from '../errors.ts';
import { AnswerBook } from './answer-book.ts';
import { secureFiles } from './file-access.ts';
import {
  AppendFailed,
  bytesOfAnswer,
  type Journal,
  type KeptAnswer,
  MAX_STEPS,
  type PastStep,
  pastSteps,
  type StoredBlock,
} from './journal.ts';
import {
  conversionsIn,
  decodeRecord,
  decodeRecords,
  decodeWithoutLists,
  type EncodedRecord,
  encodeRecord,
} from './record-text.ts';
import { type FileOptions, readThrough } from './sqlite-file.ts';
import type { LoadedPiece, NewAppend, NewRecord, PieceOfHistory } from './sqlite-store.ts';
import type { AnswerBytes } from './sqlite-tables.ts';
import type { Opened, StoreCall, StoreData, StoreRequest, StoreResponse } from './sqlite-worker.ts';

interface Call {
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: Problem) => void;
  /** When it was made, on the clock of `performance.now`; null where it is done in slices, after whatever comes meanwhile. */
  readonly since: number | null;
}

/** Appends that are committed together, and what each of them is told. */
interface Group {
  readonly appends: NewAppend[];
  readonly outcomes: PromiseWithResolvers<void>[];
  /** Characters and bytes. */
  size: number;
}

/** A group takes no more when it has as much: what comes then is in the next one. */
const FULL_GROUP = 4 * 2 ** 20;
const MOST_APPENDS = 2000;
/** Pieces of all blocks that are read before they are asked for. */
const PIECES_AHEAD = 4;

export class SqliteJournal implements Journal {
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  #lastCall = 0;
  #lastReading = 0;
  /** The group that is being committed. */
  #committing: Group | null = null;
  /** Appends of the group before. */
  #lastSize = 0;
  /** The turn of the event loop at whose end the next group is committed; null where none is waited for. */
  #turn: NodeJS.Immediate | null = null;
  /** Those that wait, oldest first; the last one may take more. */
  readonly #waiting: Group[] = [];
  /** The last sequence of every machine, with what waits and what is under way. */
  readonly #sequences = new Map<string, number>();
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
      // The worker answers a call with the result of the function of its name; so for every call below.
      const { remark, positions, answerBytes } = (await journal.#call({ method: 'open', args: [] })) as Opened;
      journal.#remark = [mended, remark].filter((each) => each !== null).join('; ') || null;
      for (const [machine, sequence] of positions) journal.#sequences.set(machine, sequence);
      for (const { owner, bytes } of answerBytes) journal.#answers.add(owner, bytes);
    } catch (error) {
      await journal.#worker.terminate();
      throw error;
    }
    return journal;
  }

  private constructor(workerData: StoreData) {
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
    for (const { since } of this.#calls.values()) if (since !== null) return performance.now() - since;
    return 0;
  }

  async positions(): Promise<ReadonlyMap<string, number>> {
    if (this.#failure !== null) throw this.#failure;
    return new Map(this.#sequences);
  }

  async *blocks(machine?: string): AsyncIterable<StoredBlock> {
    const reading = ++this.#lastReading;
    const read = (): Promise<unknown> => {
      const piece = this.#call({ method: 'blocks', args: [reading, machine ?? null] });
      // Whoever comes to it hears of it.
      piece.catch(() => undefined);
      return piece;
    };
    // Some ahead, so that one thread reads while the other makes something of it, and neither waits to be told.
    const ahead = Array.from({ length: PIECES_AHEAD }, read);
    for (;;) {
      const piece = (await ahead.shift()) as LoadedPiece | null;
      if (piece === null) return;
      ahead.push(read());
      for (const { ramBlockId, snapshot } of piece.snapshots) yield { ramBlockId, snapshot, records: [] };
      const byBlock = Map.groupBy(piece.records.flatMap(decoded), ({ ramBlockId }) => ramBlockId);
      for (const [ramBlockId, records] of byBlock) yield { ramBlockId, snapshot: null, records };
    }
  }

  append(
    machine: string,
    expectedSequence: number,
    records: readonly BlockRecord[],
    answer: KeptAnswer | null = null,
  ): Promise<void> {
    const notWritten = { machine, outcome: 'not-written' } as const;
    if (this.#failure !== null) {
      return Promise.reject(new AppendFailed('journal-unavailable', this.#failure.message, notWritten));
    }
    const actual = this.#sequences.get(machine) ?? 0;
    if (actual !== expectedSequence) {
      const detail = `machine ${machine} is at sequence ${actual}, not ${expectedSequence}: another process writes to it`;
      return Promise.reject(new AppendFailed('not-owner', detail, notWritten));
    }
    const append = { machine, sequence: expectedSequence, records: encoded(machine, records), answer };
    if (answer !== null) this.#answers.add(answer.owner, bytesOfAnswer(answer));
    if (records.length > 0) this.#sequences.set(machine, expectedSequence + records.length);
    const outcome = Promise.withResolvers<void>();
    const group = this.#groupWithRoom();
    group.appends.push(append);
    group.outcomes.push(outcome);
    group.size += sizeOf(append);
    if (this.#committing === null) this.#commitSoon();
    return outcome.promise;
  }

  async saveSnapshot(ramBlockId: string, sequence: number, snapshot: Uint8Array): Promise<void> {
    await this.#call({ method: 'saveSnapshot', args: [ramBlockId, sequence, snapshot] });
  }

  async history(ramBlockId: string, before: number, limit: number): Promise<PastStep[]> {
    const found: PastStep[] = [];
    // The last record may be of the same change as `before`, for a change can have many conversions.
    const last = Math.floor((before - 1) / MAX_STEPS);
    for (let from: number | null = null; from !== 0 && found.length < limit; ) {
      const piece = await this.#call({ method: 'history', args: [ramBlockId, from, last, limit - found.length] });
      const { records, next } = piece as PieceOfHistory;
      for (const { sequence, text, hasLists } of records) {
        // What the history finds in the store are changes of sources.
        const change = decodeWithoutLists(text, hasLists) as BlockRecord & SourceChanged;
        for (const past of pastSteps(sequence, change)) {
          if (past.position < before && found.length < limit) found.push(past);
        }
      }
      from = next;
    }
    return found;
  }

  async findAnswer(key: string): Promise<KeptAnswer | null> {
    return (await this.#call({ method: 'findAnswer', args: [key] })) as KeptAnswer | null;
  }

  async forgetAnswers(at: number): Promise<void> {
    const forgotten = (await this.#call({ method: 'forgetAnswers', args: [at] })) as AnswerBytes[];
    for (const { owner, bytes } of forgotten) this.#answers.add(owner, -bytes);
  }

  answerBytes(owner?: string): number {
    return this.#answers.bytes(owner);
  }

  async close(): Promise<void> {
    // After what is appended already.
    for (let last = this.#lastGroup; last !== null && this.#failure === null; last = this.#lastGroup) {
      await last.outcomes.at(-1)?.promise.catch(() => undefined);
    }
    if (this.#failure === null) await this.#call({ method: 'close', args: [] });
    await this.#worker.terminate();
  }

  get #lastGroup(): Group | null {
    return this.#waiting.at(-1) ?? this.#committing;
  }

  #groupWithRoom(): Group {
    const last = this.#waiting.at(-1);
    if (last !== undefined && last.size < FULL_GROUP && last.appends.length < MOST_APPENDS) return last;
    const group: Group = { appends: [], outcomes: [], size: 0 };
    this.#waiting.push(group);
    return group;
  }

  #commitSoon(): void {
    if (this.#lastSize <= 1) this.#commitNext();
    else this.#turn ??= setImmediate(() => this.#commitNext());
  }

  #commitNext(): void {
    this.#turn = null;
    const group = this.#waiting.shift();
    if (group === undefined) return;
    this.#committing = group;
    this.#lastSize = group.appends.length;
    const done = (): void => {
      this.#committing = null;
      for (const { resolve } of group.outcomes) resolve();
      if (this.#waiting.length > 0) this.#commitSoon();
    };
    this.#call({ method: 'commit', args: [group.appends] }, done, (problem) => this.#fail(problem));
  }

  #call(call: StoreCall): Promise<unknown>;
  #call(call: StoreCall, resolve: (result: unknown) => void, reject: (problem: Problem) => void): void;
  #call(call: StoreCall, resolve?: (result: unknown) => void, reject?: (problem: Problem) => void): unknown {
    if (resolve === undefined || reject === undefined) {
      return new Promise((onResult, onProblem) => this.#call(call, onResult, onProblem));
    }
    if (this.#failure !== null) return reject(this.#failure);
    const request: StoreRequest = { ...call, id: ++this.#lastCall };
    const isInSlices = call.method === 'saveSnapshot' || call.method === 'forgetAnswers';
    this.#calls.set(request.id, { resolve, reject, since: isInSlices ? null : performance.now() });
    this.#worker.postMessage(request);
    return undefined;
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
    if (this.#failure !== null) return;
    this.#failure = problem;
    this.#failed.resolve(problem);
    for (const { reject } of this.#calls.values()) reject(problem);
    this.#calls.clear();
    for (const group of [this.#committing, ...this.#waiting]) {
      if (group === null) continue;
      // Appends that waited were never given to the other thread.
      const outcome = group === this.#committing ? 'unknown' : 'not-written';
      group.outcomes.forEach(({ reject }, index) => {
        const machine = group.appends[index]?.machine ?? '';
        reject(new AppendFailed('journal-unavailable', problem.message, { machine, outcome }));
      });
    }
    this.#committing = null;
    this.#waiting.length = 0;
  }
}

/** @throws AppendFailed `payload-too-large` */
function encoded(machine: string, records: readonly BlockRecord[]): NewRecord[] {
  try {
    return records.map((record) => ({
      ramBlockId: record.ramBlockId,
      ends: record.kind === 'block-created' ? 'begins' : record.kind === 'block-deleted' ? 'ends' : 'nothing',
      conversions: conversionsIn(record),
      ...encodeRecord(record),
    }));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const detail = `a record of this change is longer than any text may be (512 Mi characters); make it in parts. Nothing was written`;
    throw new AppendFailed('payload-too-large', detail, { machine, outcome: 'not-written' });
  }
}

function decoded(record: string | EncodedRecord): BlockRecord[] {
  return typeof record === 'string' ? decodeRecords(record) : [decodeRecord(record)];
}

function sizeOf({ records, answer }: NewAppend): number {
  let size = answer?.content.byteLength ?? 0;
  for (const { text, lists } of records) {
    size += text.length;
    for (const { byteLength } of lists) size += byteLength;
  }
  return size;
}

function unavailable(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new Problem('journal-unavailable', `the journal cannot be used: ${reason}`, { retryAfterSeconds: 1 });
}
