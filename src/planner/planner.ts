// Makes the plan of one trace: takes its conversions in their order and answers what they need. No I/O.

import { Problem } from '../errors.ts';
import { DMA_ENTRY_LIMIT } from '../limits.ts';
import { type ChosenEvents, EventChoice } from '../traces/event-choice.ts';
import type { MapOption } from '../traces/map-option.ts';
import { MemorySlots } from '../traces/memory-slots.ts';
import type { RangeRefusal } from '../traces/placement.ts';
import {
  CONVERSION_EVENTS,
  MEMORY_SLOT_EVENT,
  type MemorySlot,
  type TraceEntry,
  type TraceEvent,
} from '../traces/trace-event.ts';
import { Accounts, MAX_RANGES } from './accounts.ts';
import { PIECE_BYTES } from './hot-pieces.ts';
import { MemoryLayout } from './memory-layout.ts';
import { type Plan, type PlanLines, REFUSAL_REASONS } from './plan.ts';

const HOTTEST = 10;
export const DEFAULT_POINTS = 200;
export const MAX_POINTS = 2000;

export interface PlanOptions {
  /** The memory layout; without any it is made to fit the trace. */
  readonly maps?: readonly MapOption[];
  /** The idstr of the RAM block of `ram_block_attributes_state_change` lines. */
  readonly block?: string | null;
  /** DMA mappings that there may be. */
  readonly limit?: number;
  /** Steps of each series, at most: 1 to {@link MAX_POINTS}. */
  readonly points?: number;
  /** Ranges that may be shared at a time: what bounds the memory of a plan. */
  readonly maxRanges?: number;
}

const DEFAULTS: Required<PlanOptions> = {
  maps: [],
  block: null,
  limit: DMA_ENTRY_LIMIT,
  points: DEFAULT_POINTS,
  maxRanges: MAX_RANGES,
};

/** Counts of the lines, made while they were read. */
export interface ReadLines {
  readonly lines: number;
  readonly foreign: number;
  readonly cutOff: boolean;
}

/** Conversions to private that may come before the memory layout is complete; each slot has one at most. */
const MAX_EARLY = 4096;

export class Planner {
  readonly #options: Required<PlanOptions>;
  readonly #choice = new EventChoice();
  readonly #refused = new Map<RangeRefusal, { lines: number; readonly firstLine: number }>();
  readonly #slots = new MemorySlots();
  #slotLines = 0;
  /** Conversions to private from the start on, which wait for the memory layout; null where that is settled. */
  #early: TraceEvent[] | null = [];
  #maps: readonly MapOption[];
  #layout: MemoryLayout;
  #accounts: Accounts;
  #applied = 0;
  #repeated = 0;

  /** @throws Problem `invalid-range` when two maps overlap */
  constructor(options: PlanOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#maps = this.#options.maps;
    if (this.#maps.length > 0) this.#early = null;
    this.#layout = this.#newLayout();
    this.#accounts = this.#newAccounts();
  }

  /** @throws Problem `payload-too-large` when the trace is more than a plan can take */
  add(event: TraceEntry): void {
    if (event.event === MEMORY_SLOT_EVENT) this.#addSlot(event);
    else if (this.#early === null) this.#addConversion(event);
    else if (event.to === 'private' && this.#early.length < MAX_EARLY) this.#early.push(event);
    else {
      this.#settleLayout();
      this.#addConversion(event);
    }
  }

  #addSlot(slot: MemorySlot): void {
    this.#slotLines++;
    if (this.#early !== null) this.#slots.add(slot);
  }

  /** Ends the time in which slots are taken for the memory layout, and places what waited for it. */
  #settleLayout(): void {
    const early = this.#early ?? [];
    this.#early = null;
    if (!this.#slots.isEmpty) {
      this.#maps = this.#slots.mappings();
      this.#layout = this.#newLayout();
    }
    for (const event of early) this.#addConversion(event);
  }

  #addConversion(event: TraceEvent): void {
    const taken = this.#choice.take(event.event);
    if (taken === 'repeated') {
      this.#repeated++;
      return;
    }
    if (taken === 'better') this.#beginAnew();
    const placed = this.#layout.place(event);
    if (placed.kind === 'refused') this.#refuse(placed.reason, event.line);
    else {
      this.#applied++;
      this.#accounts.convert(event, placed.parts);
    }
  }

  /** Whole chunks that the conversions so far cover: the time that they took. */
  get chunksCovered(): number {
    return this.#accounts.chunksCovered;
  }

  /** @throws Problem `invalid-request` when no line was a conversion */
  plan(read: ReadLines): Plan {
    if (this.#early !== null) this.#settleLayout();
    const chosen = this.#choice.chosen();
    if (chosen === null) throw nothingToPlan(read);
    const { clock, conversions, lifetimes, hot, listener, step } = this.#accounts;
    const toUnit = (ticks: number) => clock.toUnit(ticks);
    const blocks = this.#layout.blocks();
    const trackings = this.#accounts.trackings();
    const fitting = trackings.filter(({ mappings }) => mappings.peak <= this.#options.limit);
    const pieces = hot.top(HOTTEST).map(({ block, offset, conversions: times }) => {
      return { ...this.#layout.locate(block, offset, blocks), conversions: times };
    });
    return {
      blocks,
      layout: this.#options.maps.length > 0 ? 'map' : this.#maps.length > 0 ? 'trace' : 'guess',
      ramBytes: blocks.reduce((bytes, { size }) => bytes + size, 0),
      lines: this.#lines(read, chosen),
      clock: { unit: clock.unit, duration: toUnit(clock.now) },
      limit: this.#options.limit,
      smallestGranularity: fitting.find(({ granularity }) => granularity !== null)?.granularity ?? null,
      trackings,
      conversions: conversions.summarize(clock),
      lifetimes: lifetimes.summarize(toUnit),
      hottest: { pieceBytes: PIECE_BYTES, exact: hot.exact, pieces },
      listener: listener.summarize(),
      step,
    };
  }

  /** Forgets what was applied: an event has come that tells of the same conversions more exactly. */
  #beginAnew(): void {
    this.#repeated += this.#applied;
    for (const { lines } of this.#refused.values()) this.#repeated += lines;
    this.#applied = 0;
    this.#refused.clear();
    this.#layout = this.#newLayout();
    this.#accounts = this.#newAccounts();
  }

  #newLayout(): MemoryLayout {
    return new MemoryLayout({ maps: this.#maps, block: this.#options.block });
  }

  #newAccounts(): Accounts {
    const { limit, points, maxRanges } = this.#options;
    return new Accounts(limit, points, maxRanges);
  }

  #refuse(reason: RangeRefusal, firstLine: number): void {
    const known = this.#refused.get(reason);
    if (known === undefined) this.#refused.set(reason, { lines: 1, firstLine });
    else known.lines++;
  }

  #lines({ lines, foreign, cutOff }: ReadLines, chosen: ChosenEvents): PlanLines {
    const refused = REFUSAL_REASONS.flatMap((reason) => {
      const known = this.#refused.get(reason);
      return known === undefined ? [] : [{ reason, ...known }];
    });
    const counts = { total: lines, applied: this.#applied, repeated: this.#repeated, layout: this.#slotLines, foreign };
    return { ...counts, cutOff, refused, byEvent: this.#choice.counts, chosen };
  }
}

function nothingToPlan({ lines, cutOff }: ReadLines): Problem {
  if (lines === 0) return new Problem('invalid-request', 'the trace is empty: it has no line');
  const none = 'no line of the trace is a conversion';
  if (cutOff) return new Problem('invalid-request', `${none}: the last one, line ${lines}, is cut off`);
  const known = CONVERSION_EVENTS.join(', ');
  return new Problem('invalid-request', `${none}: from line 1 to line ${lines} there is none of ${known}`);
}
