// A RAM block with what only a running service has of it: its queue, its journal, its settling, its async listeners.
// Every change of a block goes through `commitTogether`: durable first, then applied, then told to who follows events.
import type { RamBlock } from '../core/ram-block.ts';
import { encodeSnapshot } from '../core/ram-block-snapshot.ts';
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { BlockRecord, Intent, NewRecord } from '../core/records.ts';
import type { Call } from '../core/rounds.ts';
import { RunBudget } from '../core/run-budget.ts';
import { mergeRuns, type PageRange } from '../core/section.ts';
import { Problem } from '../errors.ts';
import type { Journal, KeptAnswer } from '../journal/journal.ts';
import { AsyncListeners } from './async-listeners.ts';
import { BlockQueue, type Lock } from './block-queue.ts';
import type { Dependencies } from './dependencies.ts';
import type { Machine } from './machine.ts';
import { Notifications } from './notifications.ts';
import { checkGeneration, type Generations, type TurnOptions } from './options.ts';
import { Settling } from './settling.ts';

/** What a snapshot costs is spread over records of about this many bytes each. */
const TYPICAL_RECORD_BYTES = 256;

/** Bytes of records after which a snapshot is due, however few they are; more where the snapshot itself is larger. */
const RECORD_BYTES = 16 * 2 ** 20;
/** Bytes that a run of pages takes in a record, about. */
const RUN_BYTES = 40;

/** What the journal has of a block when the service takes it up. */
export interface Stored {
  readonly snapshotBytes: number;
  /** Records since the snapshot, and bytes that they take, about. */
  records: number;
  recordBytes: number;
}

/** What listeners are about to be notified under. */
export interface IntentOptions {
  readonly conversionId?: string | null;
  /** Ends the deliveries early; they count as unanswered. Left out, they end with the listener or the block. */
  readonly signal?: AbortSignal;
  /** Pages that are of unknown state after a crash, where those are not the ones of the calls. */
  readonly runs?: readonly PageRange[];
}

/** What is to become true of one block. */
export interface Commit {
  readonly live: LiveBlock;
  readonly records: readonly NewRecord[];
}

/** Records that bring the next generation. */
const CHANGES: readonly NewRecord['kind'][] = ['source-changed', 'source-added', 'source-removed', 'block-resized'];

/**
 * Makes the records of blocks of one machine true: durable together and with what is kept of their answer, applied in the
 * order of the calls. In turn of what changes only, but for what concerns async listeners alone.
 * @param make makes the answer @param keep makes what is kept of it
 * @throws Problem `journal-unavailable`: whether they are durable is not known. `payload-too-large`: nothing was done
 */
export async function commitTogether<Answer>(
  commits: readonly Commit[],
  make: () => Answer,
  keep: (answer: Answer) => KeptAnswer | null,
): Promise<Answer> {
  const [first] = commits;
  if (first === undefined) return make();
  // Array.flat takes as long as planning a conversion.
  const all = commits.length === 1 ? first.records : commits.flatMap(({ records }) => records);
  let append: Promise<void>;
  let answer: Answer;
  try {
    answer = make();
    append = first.live.machine.append(all, keep(answer), (durable, sequence) => {
      let from = 0;
      for (const { live, records } of commits) {
        live.take(commits.length === 1 ? durable : durable.slice(from, from + records.length), sequence);
        from += records.length;
      }
    });
    for (const { live, records } of commits) live.expectGenerations(records);
  } catch (error) {
    // Listeners were told under an intent that would not end: what they have is settled once all is read back.
    throw all.some(({ kind }) => kind === 'outcome') ? first.live.machine.fail(error) : error;
  }
  await append;
  return answer;
}

/** {@link commitTogether} of records that answer nothing. */
export function commitRecords(commits: readonly Commit[]): Promise<null> {
  return commitTogether(
    commits,
    () => null,
    () => null,
  );
}

function byListener(calls: readonly Call[]): (readonly [RamDiscardListener, readonly Call[]])[] {
  const [only] = calls;
  if (only !== undefined && calls.length === 1) return [[only.listener, calls]];
  return [...Map.groupBy(calls, ({ listener }) => listener)];
}

/** All that `calls` tell of, as maximal runs. */
function runsOf(calls: readonly Call[]): readonly PageRange[] {
  const [only, ...others] = calls;
  return only !== undefined && others.length === 0 ? only.runs : mergeRuns(calls.flatMap(({ runs }) => runs));
}

export class LiveBlock {
  readonly block: RamBlock;
  readonly machine: Machine;
  readonly dependencies: Dependencies;
  readonly queue: BlockQueue;
  readonly settling: Settling;
  readonly asyncListeners: AsyncListeners;
  readonly #journal: Journal;
  /** Aborts what is being sent: the block is deleted, or the journal failed. */
  readonly #stopped = new AbortController();
  /** Ends what changes send to one listener, by its id. */
  readonly #sending = new Map<string, AbortController>();
  /** Removals by force that wait or run: of one listener, or (null) of the block with all that it has or gets meanwhile. */
  readonly #forces = new Set<{ readonly listenerId: string | null }>();
  /** Changes of the generation that are about to become durable. */
  #comingGenerations = 0;
  #snapshotBytes: number;
  #recordsSinceSnapshot: number;
  #bytesSinceSnapshot: number;

  constructor(block: RamBlock, machine: Machine, journal: Journal, dependencies: Dependencies, stored: Stored) {
    this.block = block;
    this.machine = machine;
    this.#journal = journal;
    this.dependencies = dependencies;
    this.queue = new BlockQueue(dependencies.queueLimits);
    this.settling = new Settling(this, dependencies);
    this.asyncListeners = new AsyncListeners(this, dependencies);
    this.#snapshotBytes = stored.snapshotBytes;
    this.#recordsSinceSnapshot = stored.records;
    this.#bytesSinceSnapshot = stored.recordBytes;
  }

  /** How many runs a change may have that begins now. */
  newRunBudget(): RunBudget {
    return new RunBudget(this.dependencies.changeRunsLimit);
  }

  /**
   * Returns a signal that aborts when nothing may be sent to a listener any more: it is removed by force, or the block is
   * stopped. While that is so, the signal is aborted from the start.
   */
  signalFor(listenerId: string): AbortSignal {
    if (this.#stopped.signal.aborted) return this.#stopped.signal;
    if (this.#isForced(listenerId)) return AbortSignal.abort();
    let sending = this.#sending.get(listenerId);
    if (sending === undefined) {
      sending = new AbortController();
      this.#sending.set(listenerId, sending);
    }
    return sending.signal;
  }

  /**
   * Runs `task` when its turn in the queue comes and its condition holds.
   * @param lock what it needs; everything where that is not said
   * @throws Problem `not-found` when the block is deleted by then; `generation-mismatch`; `overloaded` when its turn does
   *   not come
   */
  inTurn<T>(task: () => Promise<T>, { generations, clientGone }: TurnOptions, lock?: () => Lock): Promise<T> {
    return this.queue.run(() => this.#whileThere(task, generations), clientGone, lock);
  }

  /**
   * Runs `task` as {@link LiveBlock.inTurn} does, before all that waits, and without a wait for what is being sent to
   * devices that are gone. Until the task ends, deliveries to them count as unanswered.
   * @param listenerId the listener whose device is gone; null: every listener that the block has or gets meanwhile
   * @throws Problem `not-found`, `generation-mismatch`
   */
  async inTurnByForce<T>(listenerId: string | null, generations: Generations, task: () => Promise<T>): Promise<T> {
    checkGeneration(this.block, generations);
    const force = { listenerId };
    this.#forces.add(force);
    const all = [...this.block.manager.listeners.keys(), ...this.#sending.keys()];
    for (const id of listenerId === null ? all : [listenerId]) {
      this.#sending.get(id)?.abort();
      // Should the listener stay, it is sent to again.
      this.#sending.delete(id);
      this.settling.abandon(id);
    }
    try {
      return await this.queue.runFirst(() => this.#whileThere(task, generations));
    } finally {
      this.#forces.delete(force);
    }
  }

  /** Whether a removal by force concerns the listener. */
  #isForced(id: string): boolean {
    for (const { listenerId } of this.#forces) if (listenerId === null || listenerId === id) return true;
    return false;
  }

  #whileThere<T>(task: () => Promise<T>, generations: Generations): Promise<T> {
    if (this.block.deleted) return Promise.reject(new Problem('not-found', `there is no RAM block ${this.block.id}`));
    checkGeneration(this.block, generations);
    return task();
  }

  /** The generation that the next change brings. */
  get nextGeneration(): number {
    return this.block.generation + this.#comingGenerations + 1;
  }

  /** `records` are about to become durable. */
  expectGenerations(records: readonly NewRecord[]): void {
    for (const { kind } of records) if (CHANGES.includes(kind)) this.#comingGenerations++;
  }

  /** {@link commitTogether} of this block alone. */
  async commit(records: readonly NewRecord[], kept: KeptAnswer | null = null): Promise<void> {
    await commitTogether(
      [{ live: this, records }],
      () => kept,
      () => kept,
    );
  }

  /** Makes the intent of `calls`, and what notifies under it once it is durable. */
  prepare(
    calls: readonly Call[],
    { conversionId = null, signal, runs = runsOf(calls) }: IntentOptions = {},
  ): { readonly intent: NewRecord; readonly notifications: Notifications } {
    const { block } = this;
    const { newId, deliver, deliveriesToReserve } = this.dependencies;
    const intent: NewRecord & Intent = {
      ramBlockId: block.id,
      kind: 'intent',
      id: newId('int'),
      runs,
      calls: byListener(calls).map(([listener, own]) => {
        return { listenerId: listener.id, reservedThrough: listener.reserve(deliveriesToReserve(listener, own)) };
      }),
    };
    const signalFor = (listenerId: string): AbortSignal => signal ?? this.signalFor(listenerId);
    return {
      intent,
      notifications: new Notifications({ block, intentId: intent.id, conversionId, signalFor, deliver }),
    };
  }

  /** Makes it durable that listeners may be told of `calls`, with `before`, before the first of them is. In turn only. */
  async begin(
    calls: readonly Call[],
    options: IntentOptions = {},
    before: readonly NewRecord[] = [],
  ): Promise<Notifications> {
    const { intent, notifications } = this.prepare(calls, options);
    await this.commit([...before, intent]);
    return notifications;
  }

  /** Applies `records`, which have become durable with others, the last of them at `sequence`. */
  take(records: readonly BlockRecord[], sequence: number): void {
    const { block } = this;
    const tell = this.dependencies.events.about(block, records);
    const { generation } = block;
    for (const record of records) {
      if (record.kind === 'listener-removed') this.#sending.delete(record.listenerId);
      block.apply(record);
    }
    this.#comingGenerations -= block.generation - generation;
    tell();
    this.#recordsSinceSnapshot += records.length;
    this.#bytesSinceSnapshot += bytesOf(records);
    this.#snapshotWhenDue(sequence);
    this.wake();
  }

  /** Sees to what is owed to listeners. */
  wake(): void {
    this.settling.wake();
    this.asyncListeners.wake();
  }

  /** Sends nothing more to a listener that is gone. */
  abandon(listener: RamDiscardListener): void {
    this.settling.abandon(listener.id);
    this.asyncListeners.abandon(listener);
  }

  /**
   * Tells a listener of a block that is deleted to discard its section; nobody waits for its answer. No intent is needed:
   * its id is never used again.
   */
  dismiss(listener: RamDiscardListener): void {
    this.abandon(listener);
    const call = this.block.finalDiscard(listener);
    const isOpen = this.block.intents.some(({ calls }) => calls.some(({ listenerId }) => listenerId === listener.id));
    // Above every number that it may have been sent, so that it obeys no older delivery afterwards. Where no intent is open,
    // that is the last one; a receiver would take a number that is left out for a delivery that it missed.
    if (isOpen) listener.giveUpDeliveries();
    listener.noteReserved(listener.reserve(this.dependencies.deliveriesToReserve(listener, [call])));
    const { signal } = new AbortController();
    const { deliver } = this.dependencies;
    const options = { block: this.block, intentId: '', conversionId: null, signalFor: () => signal, deliver };
    void new Notifications(options).discard(call, 'unregistration');
  }

  /** Sends nothing any more and turns away what waits. */
  stop(reason: Problem): void {
    this.#stopped.abort();
    for (const sending of this.#sending.values()) sending.abort();
    this.settling.stop();
    void this.asyncListeners.stop();
    void this.queue.close(reason);
  }

  /** Turns away what waits; resolves when what has begun is done. */
  async drain(reason: Problem): Promise<void> {
    this.settling.stop();
    await Promise.all([this.asyncListeners.stop(), this.queue.close(reason)]);
  }

  /**
   * The state right after the record at `sequence` is the one that `apply` just left: nothing else runs meanwhile. Nothing is
   * lost where a snapshot fails: the records are still there, and the next snapshot takes their place.
   */
  #snapshotWhenDue(sequence: number): void {
    const { snapshotEvery, log } = this.dependencies;
    const due = Math.max(snapshotEvery, this.#snapshotBytes / TYPICAL_RECORD_BYTES);
    const isDue =
      this.#recordsSinceSnapshot >= due || this.#bytesSinceSnapshot >= Math.max(RECORD_BYTES, this.#snapshotBytes);
    if (this.block.deleted || !isDue) return;
    this.#recordsSinceSnapshot = 0;
    this.#bytesSinceSnapshot = 0;
    const about = { ramBlockId: this.block.id, sequence };
    log.debug(about, 'a snapshot is being saved');
    this.#saveSnapshot(sequence).then(
      () => log.debug(about, 'a snapshot is saved'),
      (error: unknown) => log.warn({ err: error, ...about }, 'a snapshot could not be saved'),
    );
  }

  async #saveSnapshot(sequence: number): Promise<void> {
    const snapshot = encodeSnapshot(this.block);
    this.#snapshotBytes = snapshot.byteLength;
    await this.#journal.saveSnapshot(this.block.id, sequence, snapshot);
  }
}

/** About how many bytes `records` take where they are kept, of which there are more only where they have many runs. */
export function bytesOf(records: readonly BlockRecord[]): number {
  let runs = 0;
  for (const record of records) runs += runsIn(record);
  return records.length * TYPICAL_RECORD_BYTES + runs * RUN_BYTES;
}

function runsIn(record: BlockRecord): number {
  switch (record.kind) {
    case 'intent':
      return record.runs.length;
    case 'source-added':
      return record.populated.length;
    case 'outcome':
      return sum(record.listeners, ({ unknown = [], unmapped = [], settled = [] }) => {
        return unknown.length + unmapped.length + settled.length;
      });
    case 'source-changed':
      // Of a step there is its range and what changed of it at least.
      return sum(record.steps, ({ changed }) => 1 + changed.length);
    default:
      return 0;
  }
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0);
}
