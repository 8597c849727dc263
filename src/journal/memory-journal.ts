// A journal that lives as long as the process: for tests and for RBA_JOURNAL=memory. It keeps what the port asks for.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlockRecord, SourceChanged } from '../core/records.ts';
import { Problem } from '../errors.ts';
import { AnswerBook, answerBytes, ownerOf } from './answer-book.ts';
import {
  type Answered,
  HISTORY_LIMIT,
  type Journal,
  type JournalRecord,
  type PastConversion,
  pastConversions,
  type StoredBlock,
} from './journal.ts';

interface Kept<Kind extends BlockRecord = BlockRecord> {
  readonly sequence: number;
  readonly record: Kind;
}

interface KeptBlock {
  snapshot: Uint8Array | null;
  records: Kept[];
  /** What the history is told from, oldest first, and how many conversions those are. */
  changes: Kept<BlockRecord & SourceChanged>[];
  conversions: number;
}

export class MemoryJournal implements Journal {
  /** Ends for all that is appended in this turn of the event loop at once: what they do next, they do one after the other. */
  #group: Promise<void> | null = null;
  readonly remark = null;
  readonly failed = new Promise<never>(() => undefined);
  readonly waitedMs = 0;
  readonly #positions = new Map<string, number>();
  readonly #blocks = new Map<string, KeptBlock>();
  readonly #answers = new Map<string, Answered>();
  readonly #answerBook = new AnswerBook();

  async positions(): Promise<ReadonlyMap<string, number>> {
    return new Map(this.#positions);
  }

  async *blocks(): AsyncIterable<StoredBlock> {
    for (const [ramBlockId, { snapshot, records }] of this.#blocks) {
      yield { ramBlockId, snapshot, records: records.map(({ record }) => record) };
    }
  }

  append(machine: string, expectedSequence: number, records: readonly JournalRecord[]): Promise<void> {
    const last = this.#positions.get(machine) ?? 0;
    if (last !== expectedSequence) {
      const detail = `machine ${machine} is at sequence ${last}, not ${expectedSequence}`;
      return Promise.reject(new Problem('not-owner', detail, { retryAfterSeconds: 1 }));
    }
    let sequence = expectedSequence;
    for (const record of records) this.#keep(++sequence, record);
    this.#positions.set(machine, sequence);
    this.#group ??= nextTurn().finally(() => {
      this.#group = null;
    });
    return this.#group;
  }

  async saveSnapshot(ramBlockId: string, sequence: number, snapshot: Uint8Array): Promise<void> {
    const block = this.#blocks.get(ramBlockId);
    if (block === undefined) return;
    block.snapshot = snapshot;
    block.records = block.records.filter((kept) => kept.sequence > sequence);
  }

  async history(ramBlockId: string, before: number, limit: number): Promise<PastConversion[]> {
    const found: PastConversion[] = [];
    for (const { sequence, record } of this.#blocks.get(ramBlockId)?.changes.toReversed() ?? []) {
      found.push(...pastConversions(sequence, record).filter(({ position }) => position < before));
      if (found.length >= limit) break;
    }
    return found.slice(0, limit);
  }

  async findAnswer(key: string): Promise<Answered | null> {
    return this.#answers.get(key) ?? null;
  }

  async forgetAnswers(at: number): Promise<void> {
    for (const [key, answer] of this.#answers) {
      if (answer.at >= at) continue;
      this.#answers.delete(key);
      this.#answerBook.add(ownerOf(key), -answerBytes(key, JSON.stringify(answer)));
    }
  }

  answerBytes(owner?: string): number {
    return owner === undefined ? this.#answerBook.total : this.#answerBook.of(owner);
  }

  async close(): Promise<void> {}

  #keep(sequence: number, record: JournalRecord): void {
    if (record.kind === 'answered') {
      this.#answers.set(record.key, record);
      this.#answerBook.keep(record, JSON.stringify(record));
      return;
    }
    if (record.kind === 'block-created') {
      this.#blocks.set(record.ramBlockId, { snapshot: null, records: [], changes: [], conversions: 0 });
    }
    const block = this.#blocks.get(record.ramBlockId);
    if (block === undefined) return;
    if (record.kind !== 'source-changed') block.records.push({ sequence, record });
    else {
      const kept = { sequence, record };
      block.records.push(kept);
      block.changes.push(kept);
      block.conversions += record.steps.length;
      // In steps, so that a long history is not moved with every change.
      if (block.conversions >= 2 * HISTORY_LIMIT) forgetOldest(block);
    }
    if (record.kind === 'block-deleted') this.#blocks.delete(record.ramBlockId);
  }
}

/** Forgets changes that the history does not reach. */
function forgetOldest(block: KeptBlock): void {
  let gone = 0;
  for (const { record } of block.changes) {
    if (block.conversions - record.steps.length < HISTORY_LIMIT) break;
    block.conversions -= record.steps.length;
    gone++;
  }
  block.changes.splice(0, gone);
}
