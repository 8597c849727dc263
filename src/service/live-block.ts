// A RAM block with what only a running service has of it: its queue, its journal, its settling, its async listeners.
// Every change of a block goes through `commitTogether`: durable first, then applied, then told to who follows events.
import type { RamBlock } from '../core/ram-block.ts';
import { encodeSnapshot } from '../core/ram-block-snapshot.ts';
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { PlannedSteps } from '../core/ram-discard-manager.ts';
import type { BlockRecord, Intent, NewRecord } from '../core/records.ts';
import { type Call, callsOf, type Round } from '../core/rounds.ts';
import { RunBudget } from '../core/run-budget.ts';
import { mergeRuns, type PageRange } from '../core/section.ts';
import { Problem } from '../errors.ts';
import type { Journal, KeptAnswer } from '../journal/journal.ts';
import { AsyncDeliveries } from './async-deliveries.ts';
import { BlockQueue, type Lock } from './block-queue.ts';
import type { Dependencies } from './dependencies.ts';
import type { Machine } from './machine.ts';
import { Notifications, type Share } from './notifications.ts';
import { checkGeneration, type IfMatch, type TurnOptions } from './options.ts';
import { Settling } from './settling.ts';

/** What a snapshot costs is spread over records of about this many bytes each. */
const TYPICAL_RECORD_BYTES = 256;

/** Bytes of records after which a snapshot is due, however few they are; more where the snapshot itself is larger. */
const RECORD_BYTES = 16 * 2 ** 20;
/** Bytes that a run of pages takes in a record, about. */
const RUN_BYTES = 40;

const NO_RECORDS: readonly NewRecord[] = [];

/** What the journal has of a block when the service takes it up. */
export interface Stored {
  readonly snapshotBytes: number;
  /** Records since the snapshot, and bytes that they take, about. */
  records: number;
  recordBytes: number;
}

/** What one block's listeners are about to be told. */
export interface Beginning {
  readonly live: LiveBlock;
  readonly rounds: readonly Round[];
  readonly conversionId?: string | null;
  /** Ends the deliveries early; they count as unanswered. Left out, they end with the listener or the block. */
  readonly signal?: AbortSignal;
  /** Pages that are of unknown state after a crash, where those are not the ones of the rounds. */
  readonly runs?: readonly PageRange[];
  /** Records that become durable with the intent. */
  readonly with?: readonly NewRecord[];
}

/** What is to become true of one block. */
export interface Commit {
  readonly live: LiveBlock;
  readonly records?: readonly NewRecord[];
  /** A change of the block's generation: its record, made when the generation is known that it brings. */
  readonly change?: ((generation: number) => NewRecord) | null;
  /** The steps behind a `source-changed` record. */
  readonly planned?: PlannedSteps;
}

/**
 * Makes the records of blocks of one machine true: durable together and with what `answered` gives then, applied in the
 * order of the calls. In turn of what changes only, but for what concerns async listeners alone.
 * @throws Problem `journal-unavailable`: whether they are durable is not known. `payload-too-large`: nothing was done
 */
export function commitTogether(
  commits: readonly Commit[],
  answered: (records: readonly BlockRecord[]) => KeptAnswer | null = () => null,
): Promise<void> {
  const [first] = commits;
  if (first === undefined) return Promise.resolve();
  try {
    const news = commits.map(newsOf);
    const all = joined(news);
    const append = first.live.machine.append(all, answered, (records, sequence) => {
      takeEach(commits, news, records, sequence);
    });
    for (const { live, change } of commits) if (change) live.expectGeneration();
    return append;
  } catch (error) {
    // Listeners were told under an intent that would not end: what they have is settled once all is read back.
    const isTold = commits.some(({ records = NO_RECORDS }) => records.some(({ kind }) => kind === 'outcome'));
    return Promise.reject(isTold ? first.live.machine.fail(error) : error);
  }
}

function newsOf({ live, records = NO_RECORDS, change }: Commit): readonly NewRecord[] {
  return change ? [...records, change(live.nextGeneration)] : records;
}

/** All of `lists` as one. (Array.flat takes as long as planning a conversion.) */
function joined<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const [only] = lists;
  return only !== undefined && lists.length === 1 ? only : lists.flat();
}

/** Gives each of `commits` what has become durable of it. */
function takeEach(
  commits: readonly Commit[],
  news: readonly (readonly NewRecord[])[],
  records: readonly BlockRecord[],
  sequence: number,
): void {
  let from = 0;
  commits.forEach(({ live, planned }, index) => {
    const end = from + (news[index]?.length ?? 0);
    live.take(news.length === 1 ? records : records.slice(from, end), sequence, planned);
    from = end;
  });
}

/** Makes it durable that listeners may be told of `rounds`, before the first of them is. In turn of the blocks only. */
export function beginTogether(beginnings: readonly [Beginning, ...Beginning[]]): Promise<Notifications> {
  const { deliver } = beginnings[0].live.dependencies;
  const begun = beginnings.map(prepare);
  const shares = begun.map(({ share }) => share);
  return commitTogether(begun.map(({ commit }) => commit)).then(() => new Notifications(shares, deliver));
}

/** The intent of one block, and what is told under it. */
function prepare(beginning: Beginning): { readonly commit: Commit; readonly share: Share } {
  const { live, rounds, runs, conversionId = null, signal, with: before = NO_RECORDS } = beginning;
  const { block } = live;
  const calls = callsOf(rounds);
  const intent: NewRecord & Intent = {
    ramBlockId: block.id,
    kind: 'intent',
    id: live.dependencies.newId('int'),
    runs: runs ?? runsOf(calls),
    calls: byListener(calls).map(([listener, own]) => {
      const deliveries = live.dependencies.deliveriesToReserve(listener, own);
      return { listenerId: listener.id, reservedThrough: listener.reserve(deliveries) };
    }),
  };
  return {
    commit: { live, records: [...before, intent] },
    share: {
      block,
      intentId: intent.id,
      conversionId,
      signalFor: (listenerId) => signal ?? live.signalFor(listenerId),
    },
  };
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
  readonly asyncDeliveries: AsyncDeliveries;
  readonly #journal: Journal;
  /** Aborts what is being sent: the block is deleted, or the journal failed. */
  readonly #stopped = new AbortController();
  /** Ends what changes send to one listener, by its id. */
  readonly #sending = new Map<string, AbortController>();
  /** Removals by force that wait or run: of one listener, or (null) of the block with all that it has or gets meanwhile. */
  readonly #forces = new Set<{ readonly listenerId: string | null }>();
  /** Changes of the generation that are about to become durable. */
  #coming = 0;
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
    this.asyncDeliveries = new AsyncDeliveries(this, dependencies);
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
  inTurn<T>(task: () => Promise<T>, { ifMatch, clientGone }: TurnOptions, lock?: () => Lock): Promise<T> {
    return this.queue.run(() => this.#whileThere(task, ifMatch), clientGone, lock);
  }

  /**
   * Runs `task` as {@link LiveBlock.inTurn} does, before all that waits, and without a wait for what is being sent to
   * devices that are gone. Until the task ends, deliveries to them count as unanswered.
   * @param listenerId the listener whose device is gone; null: every listener that the block has or gets meanwhile
   * @throws Problem `not-found`, `generation-mismatch`
   */
  async inTurnByForce<T>(listenerId: string | null, ifMatch: IfMatch, task: () => Promise<T>): Promise<T> {
    checkGeneration(this.block, ifMatch);
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
      return await this.queue.runFirst(() => this.#whileThere(task, ifMatch));
    } finally {
      this.#forces.delete(force);
    }
  }

  /** Whether a removal by force concerns the listener. */
  #isForced(id: string): boolean {
    for (const { listenerId } of this.#forces) if (listenerId === null || listenerId === id) return true;
    return false;
  }

  #whileThere<T>(task: () => Promise<T>, ifMatch: IfMatch): Promise<T> {
    if (this.block.deleted) return Promise.reject(new Problem('not-found', `there is no RAM block ${this.block.id}`));
    checkGeneration(this.block, ifMatch);
    return task();
  }

  /** The generation that the next change brings. */
  get nextGeneration(): number {
    return this.block.generation + this.#coming + 1;
  }

  /** A change of the generation is about to become durable. */
  expectGeneration(): void {
    this.#coming++;
  }

  /** {@link commitTogether} of this block alone. */
  commit(records: readonly NewRecord[], answered: KeptAnswer | null = null): Promise<void> {
    return commitTogether([{ live: this, records }], () => answered);
  }

  /** {@link beginTogether} of this block alone: one round of populates and discards. */
  begin(round: Partial<Round>, about: Omit<Beginning, 'live' | 'rounds'> = {}): Promise<Notifications> {
    return beginTogether([{ ...about, live: this, rounds: [{ discards: [], populates: [], ...round }] }]);
  }

  /** Applies `records`, which have become durable with others, the last of them at `sequence`. */
  take(records: readonly BlockRecord[], sequence: number, planned?: PlannedSteps): void {
    const { block } = this;
    const tell = this.dependencies.events.about(block, records);
    const { generation } = block;
    for (const record of records) {
      if (record.kind === 'listener-removed') this.#sending.delete(record.listenerId);
      block.apply(record, planned);
    }
    this.#coming -= block.generation - generation;
    tell();
    this.#recordsSinceSnapshot += records.length;
    this.#bytesSinceSnapshot += bytesOf(records);
    this.#snapshotWhenDue(sequence);
    this.wake();
  }

  /** Sees to what is owed to listeners. */
  wake(): void {
    this.settling.wake();
    this.asyncDeliveries.wake();
  }

  /** Sends nothing more to a listener that is gone. */
  abandon(listener: RamDiscardListener): void {
    this.settling.abandon(listener.id);
    this.asyncDeliveries.abandon(listener);
  }

  /**
   * Tells a listener of a block that is deleted to discard its section; nobody waits for its answer. No intent is needed:
   * its id is never used again.
   */
  dismiss(listener: RamDiscardListener): void {
    this.abandon(listener);
    const farewell = this.block.farewell(listener);
    const isOpen = this.block.intents.some(({ calls }) => calls.some(({ listenerId }) => listenerId === listener.id));
    // Above every number that it may have been sent, so that it obeys no older delivery afterwards. Where no intent is open,
    // that is the last one; a receiver would take a number that is left out for a delivery that it missed.
    if (isOpen) listener.giveUpDeliveries();
    listener.noteReserved(listener.reserve(this.dependencies.deliveriesToReserve(listener, [farewell])));
    const { signal } = new AbortController();
    const share = { block: this.block, intentId: '', conversionId: null, signalFor: () => signal };
    void new Notifications([share], this.dependencies.deliver).discard(farewell, 'unregistration');
  }

  /** Sends nothing any more and turns away what waits. */
  stop(reason: Problem): void {
    this.#stopped.abort();
    for (const sending of this.#sending.values()) sending.abort();
    this.settling.stop();
    void this.asyncDeliveries.stop();
    void this.queue.close(reason);
  }

  /** Turns away what waits; resolves when what has begun is done. */
  async drain(reason: Problem): Promise<void> {
    this.settling.stop();
    await Promise.all([this.asyncDeliveries.stop(), this.queue.close(reason)]);
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
      // Of a step there is its section and what changed of it at least.
      return sum(record.steps, ({ conversion, runs = [] }) => 1 + conversion.changed.length + runs.length);
    default:
      return 0;
  }
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0);
}
