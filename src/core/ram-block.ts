// A RAM block with its sources and listeners. It changes in one way only: `apply` of a record that is already durable.
import { type About, Backlog } from './backlog.ts';
import { PageBitmap } from './page-bitmap.ts';
import { RamDiscardListener } from './ram-discard-listener.ts';
import { RamDiscardManager } from './ram-discard-manager.ts';
import { RAM_BLOCK_ATTRIBUTES, RamDiscardSource } from './ram-discard-source.ts';
import type {
  BlockCreated,
  BlockRecord,
  BlockResized,
  DeliveryReason,
  Intent,
  ListenerDefinition,
  ListenerPhaseChanged,
  NewRecord,
  Outcome,
  RamBlockDefinition,
  SourceChanged,
  SourceDefinition,
  SourceStep,
} from './records.ts';
import type { Call, Round } from './rounds.ts';
import type { RunBudget } from './run-budget.ts';
import { countPages, cutAll, mergeRuns, type PageRange } from './section.ts';

export class RamBlock {
  #definition: RamBlockDefinition;
  readonly manager: RamDiscardManager;
  /** Intents whose outcome is not durable yet, oldest first: deliveries that are under way, or were when the process died. */
  readonly intents: Intent[] = [];
  generation = 0;
  deleted = false;

  constructor(definition: RamBlockDefinition) {
    this.#definition = definition;
    this.manager = new RamDiscardManager(definition.usedLength / definition.pageSize);
  }

  /** Returns the block that a record creates. */
  static from(record: BlockRecord & BlockCreated): RamBlock {
    const block = new RamBlock(record.block);
    block.apply(record);
    return block;
  }

  get definition(): RamBlockDefinition {
    return this.#definition;
  }

  get id(): string {
    return this.definition.id;
  }

  /** Bytes in use. */
  get usedLength(): number {
    return this.definition.usedLength;
  }

  get pageSize(): number {
    return this.definition.pageSize;
  }

  /** All pages. */
  get pages(): PageRange {
    return { start: 0, end: this.usedLength / this.pageSize };
  }

  /** The source that QEMU's RamBlockAttributes is; undefined on a block without. */
  get attributes(): RamDiscardSource | undefined {
    return this.sourceNamed(RAM_BLOCK_ATTRIBUTES);
  }

  sourceNamed(name: string): RamDiscardSource | undefined {
    return this.manager.sourceList.find(({ definition }) => definition.name === name);
  }

  /** A source that is not of this block yet, populated in `populated` only. */
  makeSource(definition: SourceDefinition, populated: Iterable<PageRange>): RamDiscardSource {
    const bitmap = new PageBitmap(this.pages.end);
    for (const run of populated) bitmap.set(run);
    return new RamDiscardSource(definition, bitmap);
  }

  /** A listener that is not of this block yet. @param at when that is, ISO 8601 */
  makeListener(definition: ListenerDefinition, at: string): RamDiscardListener {
    const pages = this.definition.maxLength / this.pageSize;
    const wanted = { reason: 'registration', since: at } as const;
    const backlog = definition.mode === 'async' ? Backlog.empty(pages, definition.maxSections, wanted) : null;
    return new RamDiscardListener(definition, this.definition, backlog);
  }

  /**
   * The one way in which a block changes, live and when the journal is read back. Records name only what exists: the
   * service checked that before it wrote them. (But an async listener may be gone by then: it goes beside the queue.)
   */
  apply(record: BlockRecord): void {
    switch (record.kind) {
      case 'block-created':
        for (const source of record.sources) this.manager.addSource(this.makeSource(source, []));
        break;
      case 'block-deleted':
        this.deleted = true;
        break;
      case 'block-resized':
        this.#resize(record);
        break;
      case 'source-added':
        this.#addSource(this.makeSource(record.source, record.populated), record.at);
        break;
      case 'source-removed':
        this.#removeSource(this.#source(record.sourceId), record.at);
        break;
      case 'source-changed':
        this.#changeSource(record);
        break;
      case 'listener-added':
        this.manager.addListener(this.makeListener(record.listener, record.at));
        break;
      case 'listener-changed':
        this.manager.listeners.get(record.listenerId)?.change(record.changes);
        break;
      case 'listener-phase':
        this.#changePhase(record);
        break;
      case 'listener-removed':
        this.manager.removeListener(record.listenerId);
        break;
      case 'listener-position':
      case 'delivery-skipped':
      case 'listener-replay':
        this.#advance(record);
        break;
      case 'intent':
        this.addIntent(record);
        break;
      case 'outcome':
        this.#end(record.intentId);
        for (const outcome of record.listeners) this.manager.listeners.get(outcome.listenerId)?.noteOutcome(outcome);
        break;
    }
  }

  /** An intent is durable: its listeners may be told of it, in deliveries with the sequences that it has reserved. */
  addIntent(intent: Intent): void {
    this.intents.push(intent);
    for (const { listenerId, reservedThrough } of intent.calls) {
      this.manager.listeners.get(listenerId)?.noteReserved(reservedThrough);
    }
  }

  /**
   * What ends the intents that a crash left open: what was not committed did not happen, and what their listeners may
   * have been told of is of unknown state. A listener whose registration was cut short is to be removed.
   */
  recover(): NewRecord[] {
    const records: NewRecord[] = [];
    for (const intent of this.intents) records.push(this.#abandon(intent));
    for (const listener of this.manager.listeners.values()) {
      if (listener.phase !== 'registering') continue;
      records.push({ ramBlockId: this.id, kind: 'listener-phase', listenerId: listener.id, phase: 'removing' });
    }
    return records;
  }

  /**
   * The discards that end a listener: of its section at once where it supports that, else of each populated run; and of
   * all that is unknown, which may lie beyond the end of the block.
   * @throws Problem `too-many-runs`
   */
  finalDiscard(listener: RamDiscardListener, budget?: RunBudget): Call {
    const whole = listener.definition.doubleDiscardSupported;
    const runs = whole ? [listener.range] : this.manager.replayFor(listener, budget);
    return { listener, runs: listener.isUnknown ? mergeRuns([...runs, ...listener.unknown]) : runs };
  }

  #changeSource({ sourceId, steps, at }: SourceChanged & { at: string }): void {
    const source = this.#source(sourceId);
    const turns = this.manager.change(source, this.#whole(source, steps));
    this.generation++;
    const conversionId = steps.length === 1 ? (steps[0]?.id ?? null) : null;
    const reason = source.isRamBlockAttributes ? 'conversion' : 'source';
    if (this.manager.hasAsync) this.#owe(this.manager.rounds(turns), this.#about(reason, at, conversionId));
  }

  /** Returns `steps` with all runs that change: a record of format 7 has the first of them only, and is planned again. */
  #whole(
    source: RamDiscardSource,
    steps: readonly SourceStep[],
  ): readonly Pick<SourceStep, 'range' | 'populate' | 'changed'>[] {
    if (steps.every(isWhole)) return steps;
    return this.manager.planAll(
      steps.map((step) => ({ ...step, source, runs: isWhole(step) ? step.changed : undefined })),
    ).plans;
  }

  #addSource(source: RamDiscardSource, at: string): void {
    const taken = this.manager.takenAwayBy(source);
    this.manager.addSource(source);
    this.generation++;
    this.#owe([{ discards: this.manager.callsFor(taken), populates: [] }], this.#about('source', at));
  }

  #removeSource(source: RamDiscardSource, at: string): void {
    const given = this.manager.givenBackBy(source);
    this.manager.removeSource(source);
    this.generation++;
    this.#owe([{ discards: [], populates: this.manager.callsFor(given) }], this.#about('source', at));
  }

  #resize({ usedLength, at }: BlockResized & { at: string }): void {
    const { populate, runs } = this.manager.resizedBy(usedLength / this.pageSize);
    const calls = populate ? this.manager.callsBeyondEnd(runs) : this.manager.callsFor(runs);
    this.#definition = { ...this.#definition, usedLength };
    this.manager.resize(this.pages.end, usedLength);
    this.generation++;
    const round = { discards: populate ? [] : calls, populates: populate ? calls : [] };
    this.#owe([round], this.#about('resize', at));
  }

  #changePhase({ listenerId, phase, givenUp, at }: ListenerPhaseChanged & { at: string }): void {
    const listener = this.manager.listeners.get(listenerId);
    if (listener === undefined) return;
    const { backlog } = listener;
    listener.phase = phase;
    if (backlog === null) return;
    backlog.failingSince = null;
    if (phase === 'removing')
      backlog.end(listener.range, this.finalDiscard(listener).runs, this.#about('unregistration', at));
    else if (phase === 'disabled') backlog.drop(givenUp ?? 0);
    else backlog.want(givenUp ?? 0, at);
    listener.lastSequence = Math.max(listener.lastSequence, backlog.acknowledged);
  }

  /** What came of the deliveries to an async listener. */
  #advance(record: Extract<BlockRecord, { kind: 'listener-position' | 'delivery-skipped' | 'listener-replay' }>): void {
    const listener = this.manager.listeners.get(record.listenerId);
    const backlog = listener?.backlog;
    if (listener === undefined || !backlog) return;
    if (record.kind === 'listener-position') {
      backlog.acknowledge(record.acknowledged);
      backlog.failingSince = record.failingSince;
    } else if (record.kind === 'delivery-skipped') {
      backlog.skip(record.sequence, this.manager.populated, this.#about('recovery', record.at));
    } else if (record.step === 'wanted') {
      backlog.want(record.givenUp ?? 0, record.at);
    } else {
      backlog.begin(listener.range, this.manager.replayFor(listener), this.#about('replay', record.at));
    }
    listener.lastSequence = Math.max(listener.lastSequence, backlog.acknowledged);
  }

  /** From now on the async listeners are owed what they hear of in `rounds`. */
  #owe(rounds: readonly Round[], about: About): void {
    for (const { discards, populates } of rounds) {
      for (const { listener, runs } of discards) listener.backlog?.add(false, runs, about);
      for (const { listener, runs } of populates) listener.backlog?.add(true, runs, about);
    }
  }

  #about(reason: DeliveryReason, at: string, conversionId: string | null = null): About {
    return { reason, conversionId, generation: this.generation, at };
  }

  /** Looks from the oldest on: they end about in the order in which they began. */
  #end(intentId: string): void {
    const index = this.intents.findIndex(({ id }) => id === intentId);
    if (index >= 0) this.intents.splice(index, 1);
  }

  #abandon(intent: Intent): { ramBlockId: string } & Outcome {
    const listeners = intent.calls.flatMap(({ listenerId }) => {
      const listener = this.manager.listeners.get(listenerId);
      if (listener === undefined) return [];
      // It may have been given a sequence above its own reservation: one of an intent that is over.
      const lastSequence = listener.reservedThrough;
      const whole = listener.phase === 'active' ? intent.runs : [listener.range];
      return [{ listenerId, lastSequence, unknown: cutAll(whole, listener.reach) }];
    });
    return { ramBlockId: this.id, kind: 'outcome', intentId: intent.id, listeners };
  }

  #source(sourceId: string): RamDiscardSource {
    // A handful at most: to look at each is faster than to hash an id that was just read from a record.
    const source = this.manager.sourceList.find(({ definition }) => definition.id === sourceId);
    if (source === undefined) throw new Error(`the journal names source ${sourceId}, which ${this.id} does not have`);
    return source;
  }
}

function isWhole({ changed, changedPages }: SourceStep): boolean {
  return countPages(changed) === changedPages;
}
