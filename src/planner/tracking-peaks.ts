// The peaks of one tracking, and when it needs more DMA mappings than there may be.
import type { PlanMoment } from './plan.ts';

/** A line of the trace, and ticks since the first conversion. */
export interface Moment {
  readonly line: number;
  readonly at: number;
}

export class TrackingPeaks {
  readonly #limit: number;
  mappings = 0;
  pinned = 0;
  peakMappings = 0;
  peakMappingsAt: Moment | null = null;
  peakPinned = 0;
  peakPinnedAt: Moment | null = null;
  /** Pinned, but private. */
  peakPrivate = 0;
  firstExceeded: Moment | null = null;
  /** Ticks with more mappings than the limit, conversions after which there were, and how often that began. */
  ticksExceeded = 0;
  conversionsExceeded = 0;
  timesExceeded = 0;
  #last = 0;

  /** @param limit of DMA mappings */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** After a conversion so many are mapped and so many bytes pinned, of which `shared` are shared. */
  note(moment: Moment, mappings: number, pinned: number, shared: number): void {
    const wasExceeded = this.mappings > this.#limit;
    if (wasExceeded) this.ticksExceeded += moment.at - this.#last;
    this.#last = moment.at;
    this.mappings = mappings;
    this.pinned = pinned;
    if (mappings > this.peakMappings) {
      this.peakMappings = mappings;
      this.peakMappingsAt = moment;
    }
    if (pinned > this.peakPinned) {
      this.peakPinned = pinned;
      this.peakPinnedAt = moment;
    }
    this.peakPrivate = Math.max(this.peakPrivate, pinned - shared);
    if (mappings <= this.#limit) return;
    this.conversionsExceeded++;
    if (wasExceeded) return;
    this.timesExceeded++;
    this.firstExceeded ??= moment;
  }
}

/** @param toUnit ticks to the unit of the plan's clock */
export function toPlanMoment(moment: Moment | null, toUnit: (ticks: number) => number): PlanMoment | null {
  return moment === null ? null : { line: moment.line, at: toUnit(moment.at) };
}
