// A journal that lives as long as the process: for tests and for RBA_JOURNAL=memory. It keeps what the port asks for.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlockRecord, SourceChanged } from '../core/records.ts';
import { AnswerBook } from './answer-book.ts';
import {
  AppendFailed,
  bytesOfAnswer,
  HISTORY_LIMIT,
  type Journal,
  type KeptAnswer,
  type PastStep,
  pastSteps,
  type StoredBlock,
} from './journal.ts';

interface Kept<Kind extends BlockRecord = BlockRecord> {
  readonly sequence: number;
  readonly record: Kind;
}

interface KeptBlock {
  readonly machine: string;
  snapshot: Uint8Array | null;
  records: Kept[];
  /** What the history is told from, oldest first, and how many conversions those are. */
  changes: Kept<BlockRecord & SourceChanged>[];
  conversions: number;
}

export class MemoryJournal implements Journal {
  /** Ends for everything that is appended in this turn of the event loop at once. */
  #group: Promise<void> | null = null;
  readonly remark = null;
  readonly failed = new Promise<never>(() => undefined);
  readonly waitedMs = 0;
  readonly #positions = new Map<string, number>();
  readonly #blocks = new Map<string, KeptBlock>();
  readonly #answers = new Map<string, KeptAnswer>();
  readonly #answerBook = new AnswerBook();

  async positions(): Promise<ReadonlyMap<string, number>> {
    return new Map(this.#positions);
  }

  async *blocks(machine?: string): AsyncIterable<StoredBlock> {
    for (const [ramBlockId, block] of this.#blocks) {
      if (machine !== undefined && block.machine !== machine) continue;
      yield { ramBlockId, snapshot: block.snapshot, records: block.records.map(({ record }) => record) };
    }
  }

  append(
    machine: string,
    expectedSequence: number,
    records: readonly BlockRecord[],
    answer: KeptAnswer | null = null,
  ): Promise<void> {
    const last = this.#positions.get(machine) ?? 0;
    if (last !== expectedSequence) {
      const detail = `machine ${machine} is at sequence ${last}, not ${expectedSequence}`;
      return Promise.reject(new AppendFailed('not-owner', detail, { machine, outcome: 'not-written' }));
    }
    let sequence = expectedSequence;
    for (const record of records) this.#keep(machine, ++sequence, record);
    if (sequence > last) this.#positions.set(machine, sequence);
    if (answer !== null) {
      this.#answers.set(answer.key, answer);
      this.#answerBook.add(answer.owner, bytesOfAnswer(answer));
    }
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

  async history(ramBlockId: string, before: number, limit: number): Promise<PastStep[]> {
    const found: PastStep[] = [];
    for (const { sequence, record } of this.#blocks.get(ramBlockId)?.changes.toReversed() ?? []) {
      found.push(...pastSteps(sequence, record).filter(({ position }) => position < before));
      if (found.length >= limit) break;
    }
    return found.slice(0, limit);
  }

  async findAnswer(key: string): Promise<KeptAnswer | null> {
    return this.#answers.get(key) ?? null;
  }

  async forgetAnswers(at: number): Promise<void> {
    for (const [key, answer] of this.#answers) {
      if (answer.at >= at) continue;
      this.#answers.delete(key);
      this.#answerBook.add(answer.owner, -bytesOfAnswer(answer));
    }
  }

  answerBytes(owner?: string): number {
    return this.#answerBook.bytes(owner);
  }

  async close(): Promise<void> {}

  #keep(machine: string, sequence: number, record: BlockRecord): void {
    if (record.kind === 'block-created') {
      this.#blocks.set(record.ramBlockId, { machine, snapshot: null, records: [], changes: [], conversions: 0 });
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
