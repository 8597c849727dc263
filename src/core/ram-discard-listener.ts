// What a block knows of one RamDiscardListener: who it is, how far its deliveries got, what it has mapped, and what of
// that is not known (unsettled) or not told yet (the backlog of an async one).
import { MAX_BYTES } from '../limits.ts';
import type { Backlog } from './backlog.ts';
import { countMappings, countMappingsIn, countNewMappings } from './dma-mappings.ts';
import { PageBitmap } from './page-bitmap.ts';
import type { ListenerChanges, ListenerDefinition, ListenerOutcome, RamBlockDefinition } from './records.ts';
import { cutAll, type PageRange, type Section, toPageRange } from './section.ts';

/**
 * registering: the replay of a sync one is not through. removing: a discard of its section is owed before it may be
 * forgotten. disabled: an async one that is told nothing.
 */
export type ListenerPhase = 'registering' | 'active' | 'removing' | 'disabled';

/** A section as a delivery names it; bytes. */
export interface NotifiedSection {
  readonly offsetWithinRegion: number;
  readonly size: number;
  readonly offsetWithinAddressSpace: number;
}

/** What a listener has mapped: pages, maximal runs, and pieces at its granularity. */
export interface Mapped {
  readonly pages: number;
  readonly runs: number;
  readonly mappings: number;
}

/** Pages whose state is not settled; the two are disjoint, and not to be changed by who looks at them. */
export interface UnsettledPages {
  /** Pages that may or may not be mapped, also beyond the end of the block as it is. */
  readonly unknown: PageBitmap;
  /** Pages that are populated and known not to be mapped. */
  readonly unmapped: PageBitmap;
}

export class RamDiscardListener {
  #definition: ListenerDefinition;
  readonly #pageSize: number;
  /** Pages that the block can have at most. */
  readonly #mostPages: number;
  /** Bytes of the block in use. */
  #usedLength: number;
  #range: PageRange;
  phase: ListenerPhase;
  /**
   * The highest sequence that a delivery was given, or may have been given before a crash. It is noted where it is sent;
   * what is durable of it are the intents and outcomes (sync) and the position (async).
   */
  lastSequence = 0;
  /** See {@link RamDiscardListener.reservedThrough}. */
  #reservedThrough = 0;
  /** The same with intents that are about to be durable. */
  #claimedThrough = 0;
  /** The sequences of deliveries that are under way. */
  #underWay: number[] = [];
  /** There of an async listener. */
  readonly backlog: Backlog | null;
  /** There while anything is unsettled. */
  #unsettled: UnsettledPages | null = null;
  /** Populated pages of the section, and the mappings that they need. */
  #populatedPages = 0;
  #neededMappings = 0;

  /** @param block bytes of its block */
  constructor(
    definition: ListenerDefinition,
    { usedLength, maxLength, pageSize }: Pick<RamBlockDefinition, 'usedLength' | 'maxLength' | 'pageSize'>,
    backlog: Backlog | null = null,
  ) {
    this.#definition = definition;
    this.#usedLength = usedLength;
    this.#pageSize = pageSize;
    this.#mostPages = maxLength / pageSize;
    this.#range = toPageRange(this.section, pageSize);
    this.backlog = backlog;
    this.phase = backlog === null ? 'registering' : 'active';
  }

  get definition(): ListenerDefinition {
    return this.#definition;
  }

  /** Whether it is told of what happens. An async one that is disabled or about to go is not. */
  get hears(): boolean {
    return this.backlog === null || this.phase === 'active';
  }

  change(changes: ListenerChanges): void {
    this.#definition = { ...this.#definition, ...changes };
  }

  /** The block has another length (bytes) and `populated` is what is populated in it now. */
  resize(usedLength: number, populated: PageBitmap): void {
    this.#usedLength = usedLength;
    this.#range = toPageRange(this.section, this.#pageSize);
    // What is cut off is not populated any more. Whether it is mapped stays as unknown as it was.
    this.forgetOwed([{ start: populated.length, end: this.#mostPages }]);
    this.recount(populated);
  }

  /** Counts anew what is kept count of. */
  recount(populated: PageBitmap): void {
    this.#populatedPages = populated.count(this.range);
    this.#neededMappings = this.#mappingsIn(populated);
  }

  get id(): string {
    return this.definition.id;
  }

  /** The section in bytes, its end resolved. */
  get section(): Section {
    const { offset, size } = this.definition.section;
    return { offset, size: size ?? this.#usedLength - offset };
  }

  /** The section in pages. */
  get range(): PageRange {
    return this.#range;
  }

  /** The pages that it may have been told of: those of its section, and where that follows the end, any beyond it. */
  get reach(): PageRange {
    return this.followsEnd ? { start: this.#range.start, end: this.#mostPages } : this.#range;
  }

  /** Whether the section reaches to the end of the block, wherever that is. */
  get followsEnd(): boolean {
    return this.definition.section.size === null;
  }

  /** The mappings that the section can need at worst: every piece of it. */
  get worstMappings(): number {
    return countMappings([this.range], this.#pageSize, this.definition.granularity);
  }

  /** Runs of pages that may or may not be mapped. */
  get unknown(): PageRange[] {
    return this.#unsettled === null ? [] : listAll(this.#unsettled.unknown);
  }

  /** Runs of pages that are populated and known not to be mapped. */
  get unmapped(): PageRange[] {
    return this.#unsettled === null ? [] : listAll(this.#unsettled.unmapped);
  }

  /** Returns the first runs of {@link RamDiscardListener.unmapped}, at most `most`. */
  firstUnmapped(most: number): PageRange[] {
    return this.#unsettled === null ? [] : listFirst(this.#unsettled.unmapped, most);
  }

  /**
   * Returns the first runs of {@link RamDiscardListener.unknown}: at most `most`, and cut so that they hold at most `most`
   * runs of pages that are populated, for these are owed once the unknown ones are discarded.
   * @param populated of the block
   */
  firstUnknown(populated: PageBitmap, most: number): readonly PageRange[] {
    if (this.#unsettled === null) return [];
    const unknown = listFirst(this.#unsettled.unknown, most);
    const owed: PageRange[] = [];
    for (const run of cutAll(unknown, { start: 0, end: populated.length })) {
      populated.listRuns(run, true, owed, most);
      // The cut is where a populated run begins: no change that the listener heard of crossed it.
      const beyond = owed[most];
      if (beyond !== undefined) return cutAll(unknown, { start: 0, end: beyond.start });
    }
    return unknown;
  }

  /** The pages of both kinds, as bitmaps: there may be too many runs to list them all. Null where all is settled. */
  get unsettled(): UnsettledPages | null {
    return this.#unsettled;
  }

  /** How many runs {@link RamDiscardListener.unmapped} has. */
  get unmappedRuns(): number {
    return this.#unsettled?.unmapped.runCount ?? 0;
  }

  /** While anything is unknown, nothing may be delivered but what settles it. */
  get isUnknown(): boolean {
    return this.#unsettled !== null && this.#unsettled.unknown.populated > 0;
  }

  get isUnsettled(): boolean {
    return this.#unsettled !== null;
  }

  /**
   * The highest sequence that any durable intent has ever reserved for a sync listener; it never falls, and is in every
   * snapshot.
   * Intents of different pages draw their numbers from one count, so that one that waits long is given numbers above its
   * own reservation, but never above this: each intent raises it by as many deliveries as it can take.
   */
  get reservedThrough(): number {
    return this.#reservedThrough;
  }

  /**
   * Claims sequences for an intent that is about to be made durable; they may be given once it is, which
   * {@link RamDiscardListener.noteReserved} says. @returns the highest that is claimed now
   */
  reserve(deliveries: number): number {
    this.#claimedThrough = Math.max(this.#claimedThrough, this.#reservedThrough, this.lastSequence) + deliveries;
    return this.#claimedThrough;
  }

  /** A durable intent, or what a snapshot kept of those before it, has reserved all sequences up to `sequence`. */
  noteReserved(sequence: number): void {
    this.#reservedThrough = Math.max(this.#reservedThrough, sequence);
  }

  /** Whether a delivery may begin: its sequence is reserved, and that is durable. */
  get mayBegin(): boolean {
    return this.lastSequence < this.#reservedThrough;
  }

  /**
   * A delivery begins: its sequence, and the one up to which all are over then. Deliveries of changes of different pages
   * may be under way at once.
   * @throws Error when no intent has reserved a sequence for it: after a crash that could be given again
   */
  beginDelivery(): { readonly sequence: number; readonly settledThrough: number } {
    if (!this.mayBegin) throw new Error(`no sequence above ${this.lastSequence} is reserved for listener ${this.id}`);
    const sequence = ++this.lastSequence;
    // The first is the oldest.
    this.#underWay.push(sequence);
    return { sequence, settledThrough: (this.#underWay[0] ?? sequence) - 1 };
  }

  /** It is answered or given up. */
  endDelivery(sequence: number): void {
    const index = this.#underWay.indexOf(sequence);
    if (index >= 0) this.#underWay.splice(index, 1);
  }

  /** All deliveries are given up: nothing that is under way counts any more, and no sequence that it may have is given. */
  giveUpDeliveries(): void {
    this.#underWay = [];
    this.lastSequence = Math.max(this.lastSequence, this.#reservedThrough, this.#claimedThrough);
  }

  /** `run`, which lies within the section, as a delivery names it: the address moves along with the cut. */
  notifiedSection(run: PageRange): NotifiedSection {
    const { offset, offsetWithinAddressSpace } = this.definition.section;
    const offsetWithinRegion = run.start * this.#pageSize;
    return {
      offsetWithinRegion,
      size: (run.end - run.start) * this.#pageSize,
      offsetWithinAddressSpace: offsetWithinAddressSpace + (offsetWithinRegion - offset),
    };
  }

  /** How many deliveries so many runs take: at most `maxSections` sections each. */
  deliveriesFor(runs: number): number {
    return Math.ceil(runs / this.definition.maxSections);
  }

  /** Pages of `runs` (all in the section) are to be populated: the mappings needed then. `populated` is before it. */
  mappingsWith(populated: PageBitmap, runs: readonly PageRange[]): number {
    return this.#neededMappings + this.newMappings(populated, runs);
  }

  /** DMA mappings that the listener may have; beyond what any block needs where it declared none. */
  get mappingLimit(): number {
    return this.definition.dmaMaxMappings ?? MAX_BYTES;
  }

  /** `runs` of the section become populated; `populated` is the state before. */
  notePopulated(populated: PageBitmap, runs: readonly PageRange[]): void {
    this.#neededMappings += this.newMappings(populated, runs);
    for (const run of runs) this.#populatedPages += run.end - run.start;
  }

  /** `runs` of the section became discarded; `populated` is the state after. */
  noteDiscarded(populated: PageBitmap, runs: readonly PageRange[]): void {
    this.#neededMappings -= this.newMappings(populated, runs);
    for (const run of runs) this.#populatedPages -= run.end - run.start;
  }

  /** Nothing is owed for pages that are no longer populated; whether they are mapped stays as unknown as it was. */
  forgetOwed(runs: readonly PageRange[]): void {
    for (const run of runs) this.#unsettled?.unmapped.clear(run);
    this.#forgetSettled();
  }

  /** What came of its deliveries: the sequences used, and which pages changed their certainty. */
  noteOutcome(outcome: ListenerOutcome): void {
    this.lastSequence = Math.max(this.lastSequence, outcome.lastSequence);
    this.noteReserved(this.lastSequence);
    if (!outcome.settled && !outcome.unmapped && !outcome.unknown) return;
    // A block that grows tells of pages beyond its end, which may be mapped though it does not get them.
    this.#unsettled ??= { unknown: new PageBitmap(this.#mostPages), unmapped: new PageBitmap(this.#mostPages) };
    const { unknown, unmapped } = this.#unsettled;
    for (const run of outcome.settled ?? []) {
      unknown.clear(run);
      unmapped.clear(run);
    }
    for (const run of outcome.unmapped ?? []) {
      unknown.clear(run);
      unmapped.set(run);
    }
    for (const run of outcome.unknown ?? []) {
      unmapped.clear(run);
      unknown.set(run);
    }
    this.#forgetSettled();
  }

  /** What the listener was told and has acknowledged. `populated` is the state of the block. */
  mapped(populated: PageBitmap): Mapped {
    const range = this.range;
    if (this.backlog !== null) {
      const { mapped } = this.backlog;
      const mappings = countMappingsIn(mapped, { start: 0, end: mapped.length }, this.#pageSize, this.granularity);
      return { pages: mapped.populated, runs: mapped.runCount, mappings };
    }
    if (this.phase !== 'active') return { pages: 0, runs: 0, mappings: 0 };
    if (this.#unsettled === null) {
      return { pages: this.#populatedPages, runs: populated.countRuns(range), mappings: this.#neededMappings };
    }
    const mapped = populated.clone();
    mapped.subtract(this.#unsettled.unknown);
    mapped.subtract(this.#unsettled.unmapped);
    return { pages: mapped.count(range), runs: mapped.countRuns(range), mappings: this.#mappingsIn(mapped) };
  }

  get granularity(): number {
    return this.definition.granularity;
  }

  #mappingsIn(populated: PageBitmap): number {
    return countMappingsIn(populated, this.range, this.#pageSize, this.granularity);
  }

  /** The mappings that its section needs now. */
  get neededMappings(): number {
    return this.#neededMappings;
  }

  /** The mappings that a populate of `runs` adds (asked before it), or that a discard of them frees (asked after it). */
  newMappings(populated: Pick<PageBitmap, 'next'>, runs: readonly PageRange[]): number {
    return countNewMappings(populated, this.range, runs, this.#pageSize, this.definition.granularity);
  }

  #forgetSettled(): void {
    if (this.#unsettled === null) return;
    const { unknown, unmapped } = this.#unsettled;
    if (unknown.populated === 0 && unmapped.populated === 0) this.#unsettled = null;
  }
}

/** The first runs of a bitmap, at most `most`. */
function listFirst(bitmap: PageBitmap, most: number): PageRange[] {
  if (bitmap.populated === 0) return [];
  return bitmap.listRuns({ start: 0, end: bitmap.length }, true, [], most).slice(0, most);
}

/** All runs of a bitmap. */
function listAll(bitmap: PageBitmap): PageRange[] {
  // The directory of what a block can have may be long, and mostly one of the two has nothing.
  if (bitmap.populated === 0) return [];
  return bitmap.listRuns({ start: 0, end: bitmap.length }, true);
}
