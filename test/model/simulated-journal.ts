// A journal whose appends wait for whoever explores: they become durable, fail or are lost in a crash when that one says
// so. What is durable outlives the process: it is in the store.
import type { BlockRecord } from '../../src/core/records.ts';
import { Problem } from '../../src/errors.ts';
import {
  bytesOfAnswer,
  type Journal,
  type KeptAnswer,
  type PastStep,
  pastSteps,
  type StoredBlock,
} from '../../src/journal/journal.ts';
import { Ledger } from './ledger.ts';

interface KeptBlock {
  snapshot: { readonly sequence: number; readonly bytes: Uint8Array } | null;
  /** As JSON, so that nobody can share an object with the process that wrote it. */
  readonly records: { readonly sequence: number; readonly json: string }[];
}

/** What is on the disk. */
export class Disk {
  readonly positions = new Map<string, number>();
  readonly blocks = new Map<string, KeptBlock>();
  readonly answers = new Map<string, KeptAnswer>();
  /** Of each block, oldest first. */
  readonly histories = new Map<string, PastStep[]>();

  write(
    machine: string,
    expectedSequence: number,
    records: readonly BlockRecord[],
    answer: KeptAnswer | null = null,
  ): void {
    let sequence = this.positions.get(machine) ?? 0;
    if (sequence !== expectedSequence) {
      throw new Error(
        `machine ${machine} is at sequence ${sequence}; the service takes it to be at ${expectedSequence}`,
      );
    }
    for (const record of records) this.#keep(record, ++sequence);
    if (answer !== null) this.answers.set(answer.key, answer);
    this.positions.set(machine, sequence);
  }

  #keep(record: BlockRecord, sequence: number): void {
    const { ramBlockId } = record;
    if (record.kind === 'block-created') {
      this.blocks.set(ramBlockId, { snapshot: null, records: [] });
      this.histories.set(ramBlockId, []);
    }
    if (record.kind === 'source-changed') {
      this.histories.get(ramBlockId)?.push(...pastSteps(sequence, record).reverse());
    }
    if (record.kind === 'block-deleted') {
      this.blocks.delete(ramBlockId);
      this.histories.delete(ramBlockId);
    }
    this.blocks.get(ramBlockId)?.records.push({ sequence, json: JSON.stringify(record) });
  }
}

/** A disk, and what its records come to. */
export class Store extends Disk {
  readonly ledger = new Ledger();

  override write(...append: Parameters<Disk['write']>): void {
    super.write(...append);
    const [, , records] = append;
    this.ledger.applyAll(records);
  }
}

/** An append that waits, as it is shown. */
export interface ShownAppend {
  readonly label: string;
  /** All of it, but for what differs from one path to another and does not matter: ids, sequences, times. */
  readonly content: string;
  readonly blocks: readonly string[];
}

interface PendingAppend {
  readonly machine: string;
  readonly expectedSequence: number;
  readonly records: readonly BlockRecord[];
  readonly answer: KeptAnswer | null;
  readonly shown: ShownAppend;
  readonly done: PromiseWithResolvers<void>;
}

/** What one process has open of the disk. Appends become durable, and are answered, in the order of the calls. */
export class SimulatedJournal implements Journal {
  readonly remark = null;
  readonly failed: Promise<Problem> = new Promise(() => undefined);
  readonly waitedMs = 0;
  readonly #disk: Disk;
  #pending: PendingAppend[] = [];
  #failure: Problem | null = null;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** The appends that wait, oldest first. */
  get pending(): readonly ShownAppend[] {
    return this.#pending.map(({ shown }) => shown);
  }

  /** The oldest append becomes durable and is answered. */
  complete(): void {
    const [first] = this.write(1);
    this.#pending.shift();
    first?.done.resolve();
  }

  /** The `count` oldest appends become durable; nobody hears of it. */
  write(count: number): readonly PendingAppend[] {
    const written = this.#pending.slice(0, count);
    for (const { machine, expectedSequence, records, answer } of written) {
      this.#disk.write(machine, expectedSequence, records, answer);
    }
    return written;
  }

  /** Every call fails from now on; of those that wait the `count` oldest are durable nevertheless. */
  fail(count: number): void {
    this.write(count);
    this.#failure = new Problem('journal-unavailable', 'the disk is broken', { retryAfterSeconds: 1 });
    for (const { done } of this.#pending) done.reject(this.#failure);
    this.#pending = [];
  }

  append(
    machine: string,
    expectedSequence: number,
    records: readonly BlockRecord[],
    answer: KeptAnswer | null = null,
  ): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const done = Promise.withResolvers<void>();
    this.#pending.push({ machine, expectedSequence, records, answer, shown: show(records, answer), done });
    return done.promise;
  }

  async saveSnapshot(ramBlockId: string, sequence: number, bytes: Uint8Array): Promise<void> {
    const block = this.#disk.blocks.get(ramBlockId);
    if (block !== undefined) block.snapshot = { sequence, bytes };
  }

  async positions(): Promise<ReadonlyMap<string, number>> {
    return new Map(this.#disk.positions);
  }

  async *blocks(): AsyncIterable<StoredBlock> {
    for (const [ramBlockId, { snapshot, records }] of this.#disk.blocks) {
      const after = records.filter(({ sequence }) => sequence > (snapshot?.sequence ?? 0));
      const parsed = after.map(({ json }) => JSON.parse(json) as BlockRecord);
      yield { ramBlockId, snapshot: snapshot?.bytes ?? null, records: parsed };
    }
  }

  async history(ramBlockId: string, before: number, limit: number): Promise<PastStep[]> {
    this.check();
    const past = this.#disk.histories.get(ramBlockId) ?? [];
    return past
      .filter(({ position }) => position < before)
      .reverse()
      .slice(0, limit);
  }

  async findAnswer(key: string): Promise<KeptAnswer | null> {
    this.check();
    return this.#disk.answers.get(key) ?? null;
  }

  async forgetAnswers(at: number): Promise<void> {
    this.check();
    for (const [key, answer] of this.#disk.answers) if (answer.at < at) this.#disk.answers.delete(key);
  }

  answerBytes(owner?: string): number {
    let sum = 0;
    for (const answer of this.#disk.answers.values()) {
      if (owner === undefined || answer.owner === owner) sum += bytesOfAnswer(answer);
    }
    return sum;
  }

  close: Journal['close'] = async () => undefined;

  /** @throws Problem once it has failed */
  protected check(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}

const PASSING = ['id', 'at', 'intentId', 'lastSequence', 'reservedThrough', 'generation', 'createdAt'];

function show(records: readonly BlockRecord[], answer: KeptAnswer | null): ShownAppend {
  const kept = answer === null ? [] : ['answered'];
  return {
    label: [...records.map(({ kind, ramBlockId }) => `${kind} of ${ramBlockId}`), ...kept].join(' + '),
    blocks: records.map(({ ramBlockId }) => ramBlockId),
    // Only looked at where a path comes to a new place, not on the way back to it.
    get content() {
      const content = answer === null ? null : new TextDecoder().decode(answer.content);
      return JSON.stringify([...records, content], (key, value) => (PASSING.includes(key) ? undefined : value));
    },
  };
}
