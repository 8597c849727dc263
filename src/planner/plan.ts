// A plan: what a trace of conversions would need of whoever maps shared memory for a device. The shape of the answer, also
// of `rba plan --json`. Sizes are bytes; times and durations are in the unit of `clock`.
import type { ChosenEvents, EventCounts } from '../traces/event-choice.ts';
import { RANGE_REFUSALS, type RangeRefusal } from '../traces/placement.ts';

const KIB = 2 ** 10;

/**
 * How shared memory can be followed. Per page: one DMA mapping a page, as VFIO has it for RamBlockAttributes. Per run: one
 * for each maximal run, the least there can be; but VFIO cannot unmap a part of a mapping, so no discard may cut a run.
 * At a granularity: one for each aligned piece of the RAM block that holds a shared page. Such a piece is mapped and
 * pinned as a whole from its first shared page until its last one turns private, the private pages in it included.
 */
export const TRACKINGS = ['page', 'run', '64KiB', '2MiB', '1GiB'] as const;
export type TrackingName = (typeof TRACKINGS)[number];

/** Bytes of the pieces of the last three. */
export const PIECE_SIZES: readonly number[] = [64 * KIB, 2 * KIB ** 2, KIB ** 3];

/** Why a line is refused where no service is asked. */
export type PlanRefusalReason = Exclude<RangeRefusal, 'byService'>;

// Object.keys forgets which keys there are.
export const REFUSAL_REASONS = (Object.keys(RANGE_REFUSALS) as RangeRefusal[]).filter(
  (reason) => reason !== 'byService',
);

/** A moment of the trace. */
export interface PlanMoment {
  /** Its number in the trace, from 1. */
  readonly line: number;
  /** Since the first conversion. */
  readonly at: number;
}

export interface PlanBlock {
  readonly idstr: string;
  /** Where it begins in guest physical addresses; null where the trace has only offsets in it. */
  readonly gpa: number | null;
  readonly size: number;
  /** Made to fit the trace. */
  readonly guessed: boolean;
}

/** Every line is in exactly one of `applied`, `repeated`, `layout`, `foreign` and `refused`. */
export interface PlanLines {
  readonly total: number;
  readonly applied: number;
  /** Lines of other events than the chosen ones: the same conversions once more. */
  readonly repeated: number;
  /** Lines of `kvm_set_user_memory` with a guest_memfd. */
  readonly layout: number;
  readonly foreign: number;
  /** Whether the last line names an event, but is not complete. It is one of the foreign ones. */
  readonly cutOff: boolean;
  readonly refused: readonly {
    readonly reason: PlanRefusalReason;
    readonly lines: number;
    readonly firstLine: number;
  }[];
  readonly byEvent: EventCounts;
  /** The events that are applied. */
  readonly chosen: ChosenEvents;
}

/** Where the memory layout is from: the person, the `kvm_set_user_memory` lines of the trace, or the addresses in it. */
export const LAYOUT_ORIGINS = ['map', 'trace', 'guess'] as const;

export interface PlanClock {
  /** Conversions where the first of them has no time: each one takes 1. */
  readonly unit: 'seconds' | 'conversions';
  /** From the first conversion to the last. */
  readonly duration: number;
}

/** More DMA mappings than the limit. */
export interface PlanExceeded {
  readonly first: PlanMoment;
  /** In all. */
  readonly duration: number;
  /** After so many conversions there were too many. */
  readonly conversions: number;
  /** How often it began. */
  readonly times: number;
}

export interface PlanMappings {
  /** Also the smallest `dma_entry_limit` that is enough. */
  readonly peak: number;
  readonly peakAt: PlanMoment | null;
  readonly end: number;
  readonly exceeded: PlanExceeded | null;
  /** The most in each step of the series. */
  readonly series: readonly number[];
}

export interface PlanPinned {
  /** Also the smallest limit of locked memory that is enough. */
  readonly peakBytes: number;
  readonly peakAt: PlanMoment | null;
  readonly endBytes: number;
  /** Private bytes that are pinned, at most. */
  readonly peakPrivateBytes: number;
  readonly series: readonly number[];
}

export interface PlanTracking {
  readonly tracking: TrackingName;
  /** Bytes of a mapping; null for runs. */
  readonly granularity: number | null;
  readonly mappings: PlanMappings;
  readonly pinned: PlanPinned;
  /**
   * Conversions that turned pages private which stayed mapped, for their piece still held a shared page. Where memory is
   * converted in place these cannot be done: what is pinned cannot turn private.
   */
  readonly pinnedConversions: number;
}

export interface PlanDirection {
  readonly conversions: number;
  readonly bytes: number;
  readonly changedBytes: number;
}

export interface PlanConversions {
  /** One of each line that is applied. */
  readonly total: number;
  readonly changed: number;
  /** Already in the wanted state. */
  readonly unchanged: number;
  /** Conversions of a range that was partly shared and partly private. */
  readonly mixed: number;
  /** Over more than one RAM block. */
  readonly acrossBlocks: number;
  readonly toShared: PlanDirection;
  readonly toPrivate: PlanDirection;
  /** On average; null without times. */
  readonly perSecond: number | null;
  /** The second (counted from the first conversion) with the most; null without times. */
  readonly busiestSecond: { readonly at: number; readonly conversions: number } | null;
  /** By size: larger than half of `upTo`, at most `upTo`. */
  readonly sizes: readonly { readonly upTo: number; readonly toShared: number; readonly toPrivate: number }[];
}

/**
 * How long memory stays shared. A range is what turned shared at one moment and private by one conversion, as far as its
 * pages are next to each other; what is cut goes on as its parts.
 */
export interface PlanLifetimes {
  readonly ranges: number;
  readonly bytes: number;
  readonly shortest: number | null;
  readonly longest: number | null;
  /** Over ranges. */
  readonly mean: number | null;
  /** Lifetimes below `below`, and not below that of the entry before. */
  readonly histogram: readonly { readonly below: number; readonly ranges: number; readonly bytes: number }[];
  /** At the end of the trace. */
  readonly stillSharedRanges: number;
  readonly stillSharedBytes: number;
}

/** The pieces of 2 MiB in which most conversions changed something. Runs of more than 1 GiB are not counted there. */
export interface PlanHottest {
  readonly pieceBytes: number;
  /** Whether every piece was counted; else the counts are too low, for there were too many pieces. */
  readonly exact: boolean;
  readonly pieces: readonly {
    readonly idstr: string;
    readonly offset: number;
    readonly gpa: number | null;
    readonly conversions: number;
  }[];
}

/** The webhooks that one listener on each RAM block would have been sent, with the defaults of the service. */
export interface PlanListener {
  readonly requests: number;
  readonly populates: number;
  readonly discards: number;
  readonly sections: number;
  /** Bytes of JSON bodies. */
  readonly bytes: number;
  readonly largest: { readonly line: number; readonly sections: number; readonly bytes: number } | null;
}

export interface Plan {
  readonly blocks: readonly PlanBlock[];
  readonly layout: (typeof LAYOUT_ORIGINS)[number];
  /** Bytes that are pinned where all memory is mapped. */
  readonly ramBytes: number;
  readonly lines: PlanLines;
  readonly clock: PlanClock;
  /** DMA mappings that there may be. */
  readonly limit: number;
  /** The smallest granularity that never needs more; null where 1 GiB does. */
  readonly smallestGranularity: number | null;
  readonly trackings: readonly PlanTracking[];
  readonly conversions: PlanConversions;
  readonly lifetimes: PlanLifetimes;
  readonly hottest: PlanHottest;
  readonly listener: PlanListener;
  /** Entry i of a series is of the time from i * step on, up to (i + 1) * step. */
  readonly step: number;
}
