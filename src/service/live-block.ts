// A RAM block with what only a running service has of it: its queue, its journal, its settling. Every change of a block
// goes through `commit`: durable first, then applied.
import type { RamBlock } from '../core/ram-block.ts';
import { encodeSnapshot } from '../core/ram-block-snapshot.ts';
import type { Call, Plan } from '../core/ram-discard-manager.ts';
import type { BlockRecord } from '../core/records.ts';
import type { PageRange } from '../core/section.ts';
import { Problem } from '../errors.ts';
import type { Answered, Journal } from '../journal/journal.ts';
import { BlockQueue } from './block-queue.ts';
import type { Dependencies } from './dependencies.ts';
import type { Machine } from './machine.ts';
import { deliveriesToReserve, Notifications } from './notifications.ts';
import { Settling } from './settling.ts';

/** What a snapshot costs is spread over records of about this many bytes each. */
const TYPICAL_RECORD_BYTES = 256;

/** What the journal has of a block when the service takes it up. */
export interface Stored {
  readonly snapshotBytes: number;
  readonly records: number;
}

/** What belongs to an intent beside its calls. */
interface About {
  readonly conversionId?: string | null;
  /** Ends the deliveries early; they count as unanswered. */
  readonly signal?: AbortSignal;
  /** Records that become durable with the intent. */
  readonly with?: readonly BlockRecord[];
}

export class LiveBlock {
  readonly block: RamBlock;
  readonly machine: Machine;
  readonly queue: BlockQueue;
  readonly settling: Settling;
  readonly #journal: Journal;
  readonly #dependencies: Dependencies;
  /** Aborts what is being sent: the block is deleted, or the journal failed. */
  readonly #stopped = new AbortController();
  #snapshotBytes: number;
  #recordsSinceSnapshot: number;

  constructor(block: RamBlock, machine: Machine, journal: Journal, dependencies: Dependencies, stored: Stored) {
    this.block = block;
    this.machine = machine;
    this.#journal = journal;
    this.#dependencies = dependencies;
    this.queue = new BlockQueue(dependencies.queueLimits);
    this.settling = new Settling(this, dependencies.log);
    this.#snapshotBytes = stored.snapshotBytes;
    this.#recordsSinceSnapshot = stored.records;
  }

  /**
   * Runs `task` when its turn in the queue comes. @throws Problem `not-found` when the block is deleted by then;
   * `overloaded` when its turn does not come
   */
  inTurn<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.queue.run(() => {
      if (this.block.deleted) return Promise.reject(new Problem('not-found', `there is no RAM block ${this.block.id}`));
      return task();
    }, signal);
  }

  /**
   * Makes `records` true: durable together with `answered`, then applied. Called in turn only.
   * @throws Problem `journal-unavailable`: whether they are durable is not known
   */
  async commit(records: readonly BlockRecord[], answered: Answered | null = null, plan?: Plan): Promise<void> {
    const all = answered === null ? records : [...records, answered];
    if (all.length === 0) return;
    const sequence = await this.machine.append(all);
    for (const record of records) this.block.apply(record, plan);
    this.#recordsSinceSnapshot += records.length;
    this.#snapshotWhenDue(sequence);
    this.settling.wake();
  }

  /** Makes it durable that `calls` may be told of `runs`, before the first of them is. */
  async begin(runs: readonly PageRange[], calls: readonly Call[], about: About = {}): Promise<Notifications> {
    const id = this.#dependencies.newId('int');
    const reserved = calls.map((call) => ({
      listenerId: call.listener.id,
      reservedThrough: call.listener.lastSequence + deliveriesToReserve(call),
    }));
    const intent = { ramBlockId: this.block.id, kind: 'intent', id, runs, calls: reserved } as const;
    await this.commit([...(about.with ?? []), intent]);
    return this.notifications(about.signal ?? this.#stopped.signal, id, about.conversionId);
  }

  /** Deliveries to listeners of this block; `signal` ends them early, as unanswered. */
  notifications(signal: AbortSignal, intentId = '', conversionId: string | null = null): Notifications {
    return new Notifications(this.block, intentId, this.#dependencies.deliver, signal, conversionId);
  }

  /** Sends nothing any more and turns away what waits. */
  stop(reason: Problem): void {
    this.#stopped.abort();
    this.settling.stop();
    void this.queue.close(reason);
  }

  /** Turns away what waits; resolves when what has begun is done. */
  async drain(reason: Problem): Promise<void> {
    this.settling.stop();
    await this.queue.close(reason);
  }

  /** The state right after the record at `sequence` is the one that `apply` just left: nothing else runs meanwhile. */
  #snapshotWhenDue(sequence: number): void {
    const { snapshotEvery, log } = this.#dependencies;
    const due = Math.max(snapshotEvery, this.#snapshotBytes / TYPICAL_RECORD_BYTES);
    if (this.block.deleted || this.#recordsSinceSnapshot < due) return;
    const snapshot = encodeSnapshot(this.block);
    this.#snapshotBytes = snapshot.byteLength;
    this.#recordsSinceSnapshot = 0;
    this.#journal.saveSnapshot(this.block.id, sequence, snapshot).catch((error: unknown) => {
      // Nothing is lost: the records are still there, and the next snapshot takes their place.
      log.warn({ err: error, ramBlockId: this.block.id }, 'a snapshot could not be saved');
    });
  }
}
