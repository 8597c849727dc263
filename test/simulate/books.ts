// What is durable, worked out from the records page by page in the most obvious way: the truth that the service, its
// answers and the devices are held against. Shares no code with src/core. (The ledger of the model check does the same
// for blocks of a few pages and sync listeners only; here blocks have many pages, and come and go.)

import type {
  BlockRecord,
  Intent,
  ListenerDefinition,
  RamBlockDefinition,
  SourceChanged,
  SourceDefinition,
  SourceStep,
} from '../../src/core/records.ts';
import type { PageRange, Section } from '../../src/core/section.ts';
import type { KeptAnswer } from '../../src/journal/journal.ts';
import { type Conversion, conversionsOf } from '../../src/service/views.ts';
import { Disk } from '../model/simulated-journal.ts';
import { count, fill, type Pages, runsOf } from './pages.ts';

export interface BookListener {
  definition: ListenerDefinition;
  phase: 'registering' | 'active' | 'removing' | 'disabled';
  /** As many pages as the block may have. */
  readonly unknown: Pages;
  readonly unmapped: Pages;
  /** The highest sequence that any intent has reserved. */
  reserved: number;
}

export interface BookSource {
  readonly definition: SourceDefinition;
  /** As many as the block may have; none is set beyond its end. */
  readonly bits: Pages;
}

export class BookBlock {
  definition: RamBlockDefinition;
  readonly sources = new Map<string, BookSource>();
  /** Oldest first. */
  readonly listeners = new Map<string, BookListener>();
  readonly intents = new Map<string, Intent>();
  /** Oldest first. */
  readonly history: Conversion[] = [];
  generation = 0;
  #populated: Pages | null = null;

  constructor(definition: RamBlockDefinition, sources: readonly SourceDefinition[]) {
    this.definition = definition;
    for (const source of sources) this.sources.set(source.id, { definition: source, bits: new Uint8Array(this.most) });
  }

  /** Pages in use. */
  get length(): number {
    return this.definition.usedLength / this.definition.pageSize;
  }

  /** Pages that there may be. */
  get most(): number {
    return this.definition.maxLength / this.definition.pageSize;
  }

  get attributes(): BookSource | undefined {
    return [...this.sources.values()].find(({ definition }) => definition.name === 'ram-block-attributes');
  }

  /** The AND of all sources; everything in use where there is none. */
  get populated(): Pages {
    if (this.#populated !== null) return this.#populated;
    const pages = new Uint8Array(this.most).fill(1, 0, this.length);
    for (const { bits } of this.sources.values()) {
      for (const { start, end } of runsOf(bits, 0)) pages.fill(0, start, end);
    }
    this.#populated = pages;
    return pages;
  }

  /** The pages of a listener's section. */
  section({ definition: { section } }: BookListener): PageRange {
    const start = section.offset / this.definition.pageSize;
    return { start, end: section.size === null ? this.length : start + section.size / this.definition.pageSize };
  }

  /** @returns what is wrong with the record */
  apply(record: Exclude<BlockRecord, { kind: 'block-created' | 'block-deleted' }>): string[] {
    this.#populated = null;
    const wrong = this.#change(record);
    this.#forgetOwed();
    return wrong;
  }

  /** Nothing is owed of what is not populated any more. */
  #forgetOwed(): void {
    for (const { unmapped } of this.listeners.values()) fill(unmapped, runsOf(this.populated, 0), 0);
  }

  #change(record: Exclude<BlockRecord, { kind: 'block-created' | 'block-deleted' }>): string[] {
    switch (record.kind) {
      case 'source-added': {
        const bits = new Uint8Array(this.most);
        fill(bits, record.populated, 1);
        this.sources.set(record.source.id, { definition: record.source, bits });
        this.generation++;
        return [];
      }
      case 'source-removed':
        this.generation++;
        return this.sources.delete(record.sourceId) ? [] : [`source ${record.sourceId} is removed, and is not there`];
      case 'source-changed':
        return this.#changeSource(record);
      case 'block-resized': {
        this.definition = { ...this.definition, usedLength: record.usedLength };
        for (const { bits } of this.sources.values()) bits.fill(0, this.length);
        this.generation++;
        return [];
      }
      case 'listener-added': {
        const { listener: definition } = record;
        const phase = definition.mode === 'sync' ? 'registering' : 'active';
        const [unknown, unmapped] = [new Uint8Array(this.most), new Uint8Array(this.most)];
        this.listeners.set(definition.id, { definition, phase, unknown, unmapped, reserved: 0 });
        return [];
      }
      case 'listener-phase': {
        const listener = this.listeners.get(record.listenerId);
        if (listener !== undefined) listener.phase = record.phase;
        return [];
      }
      case 'listener-changed': {
        const listener = this.listeners.get(record.listenerId);
        if (listener !== undefined) listener.definition = { ...listener.definition, ...record.changes };
        return [];
      }
      case 'listener-removed':
        this.listeners.delete(record.listenerId);
        return [];
      case 'intent':
        this.intents.set(record.id, record);
        for (const { listenerId, reservedThrough } of record.calls) {
          const listener = this.listeners.get(listenerId);
          if (listener !== undefined) listener.reserved = Math.max(listener.reserved, reservedThrough);
        }
        return [];
      case 'outcome': {
        const isKnown = this.intents.delete(record.intentId);
        for (const { listenerId, settled = [], unmapped = [], unknown = [] } of record.listeners) {
          const listener = this.listeners.get(listenerId);
          if (listener === undefined) continue;
          for (const runs of [settled, unmapped]) fill(listener.unknown, runs, 0);
          for (const runs of [settled, unknown]) fill(listener.unmapped, runs, 0);
          fill(listener.unmapped, unmapped, 1);
          fill(listener.unmapped, unknown, 0);
          fill(listener.unknown, unknown, 1);
        }
        return isKnown ? [] : [`an outcome of intent ${record.intentId}, which is not open`];
      }
      default:
        return [];
    }
  }

  #changeSource(change: BlockRecord & SourceChanged): string[] {
    const { sourceId, steps } = change;
    const source = this.sources.get(sourceId);
    if (source === undefined) return [`source ${sourceId} is changed, and is not there`];
    const wrong: string[] = [];
    for (const [index, conversion] of conversionsOf(change, this.definition.pageSize).entries()) {
      const { changed: runs, changedPages } = steps[index] as SourceStep;
      const { described, populate } = this.expected(source, conversion, runs);
      const { from, changedBytes, changed, generation, notified, changedTruncated } = conversion;
      const recorded = { from, changedBytes, generation, changed: changedTruncated ? [] : changed };
      const wanted = { ...described, changed: changedTruncated ? [] : described.changed };
      if (JSON.stringify(recorded) !== JSON.stringify(wanted)) {
        wrong.push(`recorded is ${JSON.stringify(recorded)}, where it was ${JSON.stringify(wanted)}`);
      }
      if (changedPages !== runs.reduce((sum, { start, end }) => sum + end - start, 0)) {
        wrong.push(`${changedPages} pages changed, and ${JSON.stringify(runs)} are recorded`);
      }
      const isSync = (id: string): boolean => this.listeners.get(id)?.definition.mode === 'sync';
      const told = notified.filter(isSync);
      const hearing = this.hearing(source, runs);
      if (String(told) !== String(hearing)) wrong.push(`${told} were notified, where ${hearing} should have been`);
      fill(source.bits, runs, populate ? 1 : 0);
      this.#populated = null;
      // Also where a later step populates it again: its listeners hear of both.
      this.#forgetOwed();
      this.history.push(conversion);
    }
    this.generation++;
    return wrong;
  }

  /** What a step that is about to be applied says of the pages that it turns. */
  expected(
    { bits }: BookSource,
    { offset, size, to }: Pick<Conversion, 'offset' | 'size' | 'to'>,
    runs?: readonly PageRange[],
  ) {
    const { pageSize } = this.definition;
    const populate = to === 'shared' || to === 'populated';
    const range = { start: offset / pageSize, end: (offset + size) / pageSize };
    const turned = (runs ?? [range]).flatMap(({ start, end }) => runsOf(bits, populate ? 0 : 1, start, end));
    const words =
      to === 'shared' || to === 'private' ? (['private', 'shared'] as const) : (['discarded', 'populated'] as const);
    const set = count(bits, range.start, range.end);
    const from = set === 0 ? words[0] : set === range.end - range.start ? words[1] : 'mixture';
    const changed = turned.map(
      ({ start, end }): Section => ({ offset: start * pageSize, size: (end - start) * pageSize }),
    );
    const changedBytes = changed.reduce((sum, run) => sum + run.size, 0);
    const described = { from, changedBytes, generation: this.generation + 1, changed };
    return { described, populate };
  }

  /** The sync listeners that hear of pages that turn in `source`, newest first. */
  hearing(source: BookSource, turned: readonly PageRange[]): string[] {
    const others = [...this.sources.values()].filter((other) => other !== source);
    const pages = new Uint8Array(this.most);
    fill(pages, turned, 1);
    for (const { bits } of others) fill(pages, runsOf(bits, 0), 0);
    const ids: string[] = [];
    for (const [id, listener] of this.listeners) {
      const { start, end } = this.section(listener);
      if (listener.definition.mode === 'sync' && count(pages, start, end) > 0) ids.unshift(id);
    }
    return ids;
  }
}

/** A record that became durable, and with which answer. */
export interface Kept {
  readonly record: BlockRecord;
  /** Of the request with an Idempotency-Key that it answers; null where there is none. */
  readonly key: string | null;
}

/** The disk of the simulation, with the books of what is on it. */
export class BookedDisk extends Disk {
  readonly books = new Map<string, BookBlock>();
  /** Of all blocks that there ever were, as they were made. */
  readonly definitions = new Map<string, RamBlockDefinition>();
  /** What is wrong with what was written, since it was last taken. */
  wrong: string[] = [];
  /** What was written since it was last taken. */
  news: Kept[] = [];

  override write(
    machine: string,
    expectedSequence: number,
    records: readonly BlockRecord[],
    answer: KeptAnswer | null = null,
  ): void {
    if (answer !== null && this.answers.has(answer.key)) this.wrong.push(`key ${answer.key} is answered twice`);
    super.write(machine, expectedSequence, records, answer);
    for (const shared of records) {
      // A copy: the service may change what it handed over.
      const record = JSON.parse(JSON.stringify(shared)) as BlockRecord;
      this.news.push({ record, key: answer?.key ?? null });
      this.#enter(record);
    }
  }

  #enter(record: BlockRecord): void {
    const { ramBlockId } = record;
    const block = this.books.get(ramBlockId);
    if (record.kind === 'block-created') {
      const made = new BookBlock(record.block, record.sources);
      this.books.set(ramBlockId, made);
      this.definitions.set(ramBlockId, made.definition);
    }
    if (record.kind === 'block-created') return;
    if (block === undefined) this.wrong.push(`${record.kind} of block ${ramBlockId}, which is not there`);
    else if (record.kind === 'block-deleted') this.books.delete(ramBlockId);
    else this.wrong.push(...block.apply(record).map((what) => `${ramBlockId}: ${what}`));
  }
}
