// What is durable, worked out in the most obvious way from the records, page by page: the truth that the service, its
// answers and the devices are held against. Shares no code with src/core.

import type { BlockRecord, ListenerDefinition } from '../../src/core/records.ts';
import { type Conversion, conversionsOf, type PageState } from '../../src/service/views.ts';

export const PAGE = 4096;

/** The id of the source that is RamBlockAttributes, in every block here. */
export const ATTRIBUTES = 'src_attributes';

export interface LedgerListener {
  readonly definition: ListenerDefinition;
  phase: string;
  lastSequence: number;
  /** The highest sequence that any intent has ever reserved for it: none above may be sent. */
  reservedThrough: number;
  unknown: ReadonlySet<number>;
  unmapped: ReadonlySet<number>;
}

interface LedgerIntent {
  readonly pages: ReadonlySet<number>;
  /** The sequences that each listener may be sent up to. */
  readonly reserved: ReadonlyMap<string, number>;
}

/** What became true, and for whom: the record that a command leaves behind. */
export interface Change {
  readonly ramBlockId: string;
  readonly kind: BlockRecord['kind'];
  readonly steps: readonly { readonly id: string | null; readonly asked: string }[];
  readonly subject: string | null;
}

/** How a step of a change is told from others. Bytes. */
export function askedAs(ramBlockId: string, offset: number, size: number, to: string): string {
  return `${ramBlockId} ${offset / PAGE}+${size / PAGE} ${to}`;
}

export class LedgerBlock {
  readonly sources = new Map<string, boolean[]>();
  readonly listeners = new Map<string, LedgerListener>();
  readonly intents = new Map<string, LedgerIntent>();
  readonly gpa: number;
  length: number;
  /** What it can grow to. */
  readonly maxLength: number;
  generation = 0;

  constructor(length: number, maxLength: number, gpa: number) {
    this.length = length;
    this.maxLength = maxLength;
    this.gpa = gpa;
  }

  isPopulated(page: number): boolean {
    return page < this.length && [...this.sources.values()].every((pages) => pages[page] === true);
  }

  /** In ascending order. */
  get populatedPages(): number[] {
    return pagesOf(0, this.length * PAGE).filter((page) => this.isPopulated(page));
  }

  /** Whether all pages of a range of bytes are shared, or all private, as RamBlockAttributes has it. */
  is(to: PageState, offset: number, size: number): boolean {
    const shared = this.sources.get(ATTRIBUTES) ?? [];
    return pagesOf(offset, size).every((page) => (shared[page] === true) === (to === 'shared'));
  }

  /** The pages of a listener's section. */
  section({ definition: { section } }: LedgerListener): number[] {
    return pagesOf(section.offset, section.size ?? this.length * PAGE - section.offset);
  }

  /** Whether deliveries about `page` may be on their way to the listener. */
  isBeingTold(listenerId: string, page: number): boolean {
    for (const { pages, reserved } of this.intents.values())
      if (reserved.has(listenerId) && pages.has(page)) return true;
    return false;
  }
}

export class Ledger {
  readonly blocks = new Map<string, LedgerBlock>();
  readonly changes: Change[] = [];
  /** How many changes there were before the last append. */
  #before = 0;

  /** The changes of the last append. */
  get latest(): readonly Change[] {
    return this.changes.slice(this.#before);
  }

  /** The records of one append: they become true together. */
  applyAll(records: readonly BlockRecord[]): void {
    this.#before = this.changes.length;
    for (const record of records) this.#apply(record);
  }

  #apply(record: BlockRecord): void {
    if (record.kind === 'block-created') {
      const { usedLength, maxLength, gpa } = record.block;
      const made = new LedgerBlock(usedLength / PAGE, maxLength / PAGE, gpa ?? 0);
      for (const { id } of record.sources) made.sources.set(id, []);
      this.blocks.set(record.ramBlockId, made);
      return;
    }
    const block = this.blocks.get(record.ramBlockId);
    if (block === undefined) throw new Error(`a record of ${record.ramBlockId}, which is not there`);
    this.#change(block, record);
    forgetOwed(block);
  }

  #change(block: LedgerBlock, record: Exclude<BlockRecord, { kind: 'block-created' }>): void {
    const { ramBlockId, kind } = record;
    const note = (subject: string | null, steps: Change['steps'] = []): void => {
      this.changes.push({ ramBlockId, kind, steps, subject });
    };
    switch (record.kind) {
      case 'source-changed': {
        const conversions = conversionsOf(record, PAGE);
        const steps = conversions.map(({ id, offset, size, to }) => {
          return { id, asked: askedAs(ramBlockId, offset, size, to) };
        });
        for (const conversion of conversions) this.#convert(block, record.sourceId, conversion);
        block.generation++;
        note(record.sourceId, steps);
        break;
      }
      case 'source-added': {
        const pages: boolean[] = [];
        for (const { start, end } of record.populated) for (let page = start; page < end; page++) pages[page] = true;
        block.sources.set(record.source.id, pages);
        block.generation++;
        note(record.source.name);
        break;
      }
      case 'source-removed':
        block.sources.delete(record.sourceId);
        block.generation++;
        note(record.sourceId);
        break;
      case 'block-resized':
        block.length = record.usedLength / PAGE;
        if (block.length > block.maxLength) throw new Error(`${ramBlockId} is longer than it may be`);
        for (const pages of block.sources.values()) pages.length = Math.min(pages.length, block.length);
        block.generation++;
        note(String(block.length));
        break;
      case 'listener-added': {
        const nothing = {
          ...{ lastSequence: 0, reservedThrough: 0 },
          ...{ unknown: new Set<number>(), unmapped: new Set<number>() },
        };
        block.listeners.set(record.listener.id, { definition: record.listener, phase: 'registering', ...nothing });
        break;
      }
      case 'listener-phase':
        listenerIn(block, record.listenerId).phase = record.phase;
        note(`${listenerIn(block, record.listenerId).definition.url} ${record.phase}`);
        break;
      case 'listener-changed':
        note(record.listenerId);
        break;
      case 'listener-removed':
        note(record.listenerId);
        block.listeners.delete(record.listenerId);
        break;
      case 'intent':
        block.intents.set(record.id, {
          pages: pagesIn(record.runs),
          reserved: new Map(record.calls.map(({ listenerId, reservedThrough }) => [listenerId, reservedThrough])),
        });
        for (const { listenerId, reservedThrough } of record.calls) {
          const listener = listenerIn(block, listenerId);
          listener.reservedThrough = Math.max(listener.reservedThrough, reservedThrough);
        }
        break;
      case 'outcome':
        block.intents.delete(record.intentId);
        for (const { listenerId, lastSequence, settled, unmapped, unknown } of record.listeners) {
          const listener = block.listeners.get(listenerId);
          if (listener === undefined) continue;
          listener.lastSequence = lastSequence;
          const [gone, owed, lost] = [pagesIn(settled), pagesIn(unmapped), pagesIn(unknown)];
          const isLeft = (page: number): boolean => !gone.has(page) && !owed.has(page) && !lost.has(page);
          const isOwed = (page: number): boolean => !lost.has(page);
          listener.unmapped = new Set([...where(listener.unmapped, isLeft), ...where(owed, isOwed)]);
          listener.unknown = new Set([...where(listener.unknown, isLeft), ...lost]);
        }
        break;
      default:
        throw new Error(`the ledger does not know ${record.kind}`);
    }
  }

  #convert(
    block: LedgerBlock,
    sourceId: string,
    { to, offset, size, changedBytes, generation, from }: Conversion,
  ): void {
    const source = block.sources.get(sourceId) ?? [];
    const populate = to === 'shared' || to === 'populated';
    const pages = pagesOf(offset, size);
    const turned = pages.filter((page) => (source[page] === true) !== populate);
    const before = turned.length === 0 ? to : turned.length === pages.length ? opposite(to) : 'mixture';
    const recorded = { from, changedBytes, generation };
    const expected = { from: before, changedBytes: turned.length * PAGE, generation: block.generation + 1 };
    if (JSON.stringify(recorded) !== JSON.stringify(expected)) {
      throw new Error(`recorded is ${JSON.stringify(recorded)}, where it was ${JSON.stringify(expected)}`);
    }
    for (const page of pages) source[page] = populate;
    forgetOwed(block);
  }
}

/** Nothing is owed of what is not populated any more. */
function forgetOwed(block: LedgerBlock): void {
  for (const listener of block.listeners.values()) {
    listener.unmapped = where(listener.unmapped, (page) => block.isPopulated(page));
  }
}

function opposite(to: string): string {
  return { shared: 'private', private: 'shared', populated: 'discarded', discarded: 'populated' }[to] ?? '';
}

function listenerIn(block: LedgerBlock, listenerId: string): LedgerListener {
  const listener = block.listeners.get(listenerId);
  if (listener === undefined) throw new Error(`a record of listener ${listenerId}, which is not there`);
  return listener;
}

/** The pages of a range of bytes. */
export function pagesOf(offset: number, size: number): number[] {
  return Array.from({ length: size / PAGE }, (_, index) => offset / PAGE + index);
}

export function pagesIn(runs: readonly { readonly start: number; readonly end: number }[] = []): Set<number> {
  return new Set(runs.flatMap(({ start, end }) => pagesOf(start * PAGE, (end - start) * PAGE)));
}

function where(pages: ReadonlySet<number>, holds: (page: number) => boolean): Set<number> {
  return new Set([...pages].filter(holds));
}
