// Makes the plan of one trace: takes its conversions in their order and answers what they need. No I/O.

import { Problem } from '../errors.ts';
import type { RangeRefusal } from '../traces/placement.ts';
import type { TraceEvent } from '../traces/trace-lines.ts';
import { Accounts, MAX_RANGES } from './accounts.ts';
import { PIECE_BYTES } from './hot-pieces.ts';
import type { MapOption } from './map-option.ts';
import { MemoryLayout } from './memory-layout.ts';
import { DMA_ENTRY_LIMIT, type Plan, type PlanLines, REFUSAL_REASONS } from './plan.ts';

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

/** What was counted of the lines while they were read. */
export interface ReadLines {
  readonly lines: number;
  readonly foreign: number;
  readonly damaged: number;
  readonly firstDamaged: number | null;
}

export class Planner {
  readonly #options: Required<PlanOptions>;
  readonly #byEvent = { kvm_convert_memory: 0, ram_block_attributes_state_change: 0, kvm_hypercall: 0 };
  readonly #refused = new Map<RangeRefusal, { lines: number; readonly firstLine: number }>();
  #layout: MemoryLayout;
  #accounts: Accounts;
  #applied = 0;
  #repeated = 0;
  /** Whether all that was applied are state changes. */
  #onlyStateChanges = true;

  /** @throws Problem `invalid-range` when two maps overlap */
  constructor(options: PlanOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#layout = new MemoryLayout(this.#options, false);
    this.#accounts = this.#newAccounts();
  }

  /** @throws Problem `payload-too-large` when the trace is more than a plan can take */
  add(event: TraceEvent): void {
    if (event.event === 'kvm_convert_memory' && this.#byEvent.kvm_convert_memory === 0) this.#forgetStateChanges();
    this.#byEvent[event.event]++;
    const placed = this.#layout.place(event);
    if (placed.kind === 'repeated') this.#repeated++;
    else if (placed.kind === 'refused') this.#refuse(placed.reason, event.line);
    else {
      this.#applied++;
      if (event.event !== 'ram_block_attributes_state_change') this.#onlyStateChanges = false;
      this.#accounts.convert(event, placed.parts);
    }
  }

  /** Whole chunks that the conversions so far cover: the time that they took. */
  get chunksCovered(): number {
    return this.#accounts.chunksCovered;
  }

  /** @throws Problem `invalid-request` when no line was a conversion */
  plan(read: ReadLines): Plan {
    if (read.foreign === read.lines) throw nothingToPlan(read);
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
      ramBytes: blocks.reduce((bytes, { size }) => bytes + size, 0),
      lines: this.#lines(read),
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

  /**
   * The trace has `kvm_convert_memory` lines, so its state changes say the same a second time, also those before the first
   * such line, as in a recording that begins between the two.
   */
  #forgetStateChanges(): void {
    if (!this.#onlyStateChanges || this.#applied === 0) return;
    this.#repeated += this.#applied;
    this.#applied = 0;
    this.#layout = new MemoryLayout(this.#options, true);
    this.#accounts = this.#newAccounts();
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

  #lines({ lines, foreign, damaged, firstDamaged }: ReadLines): PlanLines {
    const refused = REFUSAL_REASONS.flatMap((reason) => {
      const known = this.#refused.get(reason);
      return known === undefined ? [] : [{ reason, ...known }];
    });
    const counts = { total: lines, applied: this.#applied, repeated: this.#repeated, foreign, damaged, firstDamaged };
    return { ...counts, refused, byEvent: this.#byEvent };
  }
}

function nothingToPlan({ lines, firstDamaged }: ReadLines): Problem {
  if (lines === 0) return new Problem('invalid-request', 'the trace is empty: it has no line');
  const none = 'no line of the trace is a conversion';
  if (firstDamaged !== null) {
    return new Problem('invalid-request', `${none}: line ${firstDamaged} names one, but cannot be read`);
  }
  const known = 'kvm_convert_memory, ram_block_attributes_state_change or kvm_hypercall nr 0xc';
  return new Problem('invalid-request', `${none}: from line 1 to line ${lines} there is no ${known}`);
}
