// A RAM block with its sources and listeners. It changes in one way only: `apply` of a record that is already durable.
import { PageBitmap } from './page-bitmap.ts';
import { RamDiscardListener } from './ram-discard-listener.ts';
import { type Plan, RamDiscardManager } from './ram-discard-manager.ts';
import { RAM_BLOCK_ATTRIBUTES, RamDiscardSource } from './ram-discard-source.ts';
import type { BlockRecord, Intent, Outcome, RamBlockDefinition, SourceChanged, SourceDefinition } from './records.ts';
import { cutAll, type PageRange, toPageRange } from './section.ts';

export class RamBlock {
  readonly definition: RamBlockDefinition;
  readonly manager: RamDiscardManager;
  /** Intents whose outcome is not durable yet: deliveries that are under way, or were when the process died. */
  readonly intents = new Map<string, Intent>();
  generation = 0;
  deleted = false;

  constructor(definition: RamBlockDefinition) {
    this.definition = definition;
    this.manager = new RamDiscardManager(definition.usedLength / definition.pageSize);
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
    for (const source of this.manager.sources.values()) {
      if (source.definition.name === name) return source;
    }
    return undefined;
  }

  /** A source that is not of this block yet, populated in `populated` only. */
  makeSource(definition: SourceDefinition, populated: Iterable<PageRange>): RamDiscardSource {
    const bitmap = new PageBitmap(this.pages.end);
    for (const run of populated) bitmap.set(run);
    return new RamDiscardSource(definition, bitmap);
  }

  /**
   * The one way in which a block changes, live and when the journal is read back. Records name only what exists: the
   * service checked that before it wrote them.
   * @param plan what `planOf(record)` would answer, where the caller has it already
   */
  apply(record: BlockRecord, plan?: Plan): void {
    switch (record.kind) {
      case 'block-created':
        for (const source of record.sources) this.manager.addSource(this.makeSource(source, []));
        break;
      case 'block-deleted':
        this.deleted = true;
        break;
      case 'source-added':
        this.manager.addSource(this.makeSource(record.source, record.populated));
        this.generation++;
        break;
      case 'source-removed':
        this.manager.removeSource(this.#source(record.sourceId));
        this.generation++;
        break;
      case 'source-changed':
        this.manager.commitChange(plan ?? this.planOf(record));
        this.generation++;
        break;
      case 'listener-added':
        this.manager.addListener(new RamDiscardListener(record.listener, this.usedLength, this.pageSize));
        break;
      case 'listener-phase':
        this.#listener(record.listenerId).phase = record.phase;
        break;
      case 'listener-removed':
        this.manager.removeListener(record.listenerId);
        break;
      case 'intent':
        this.intents.set(record.id, record);
        break;
      case 'outcome':
        this.intents.delete(record.intentId);
        for (const outcome of record.listeners) this.manager.listeners.get(outcome.listenerId)?.noteOutcome(outcome);
        break;
    }
  }

  /** The plan behind a record of a committed change. */
  planOf(record: SourceChanged): Plan {
    const { offset, size, to } = record.conversion;
    const range = toPageRange({ offset, size }, this.pageSize);
    return this.manager.planChange(this.#source(record.sourceId), range, to === 'shared' || to === 'populated');
  }

  /**
   * What ends the intents that a crash left open: what was not committed did not happen, and what their listeners may
   * have been told of is of unknown state. A listener whose registration was cut short is to be removed.
   */
  recover(): BlockRecord[] {
    const records: BlockRecord[] = [];
    for (const intent of this.intents.values()) records.push(this.#abandon(intent));
    for (const listener of this.manager.listeners.values()) {
      if (listener.phase !== 'registering') continue;
      records.push({ ramBlockId: this.id, kind: 'listener-phase', listenerId: listener.id, phase: 'removing' });
    }
    return records;
  }

  #abandon(intent: Intent): { ramBlockId: string } & Outcome {
    const listeners = intent.calls.flatMap(({ listenerId, reservedThrough }) => {
      const listener = this.manager.listeners.get(listenerId);
      if (listener === undefined) return [];
      const lastSequence = Math.max(listener.lastSequence, reservedThrough);
      const whole = listener.phase === 'active' ? intent.runs : [listener.range];
      return [{ listenerId, lastSequence, unknown: cutAll(whole, listener.range) }];
    });
    return { ramBlockId: this.id, kind: 'outcome', intentId: intent.id, listeners };
  }

  #source(sourceId: string): RamDiscardSource {
    const source = this.manager.sources.get(sourceId);
    if (source === undefined) throw new Error(`the journal names source ${sourceId}, which ${this.id} does not have`);
    return source;
  }

  #listener(listenerId: string): RamDiscardListener {
    const listener = this.manager.listeners.get(listenerId);
    if (listener === undefined) throw new Error(`the journal names listener ${listenerId}, which ${this.id} lacks`);
    return listener;
  }
}
