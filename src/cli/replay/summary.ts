// What a replay found out: the shape of its result, also of `--json`. Sizes are bytes, times are seconds.
import type { RangeRefusal } from './placement.ts';
import type { ConversionTarget, TraceEventName } from './trace-lines.ts';

/** Every line is in exactly one of `applied`, `repeated`, `foreign` and the kinds of `refused`. */
export interface LineCounts {
  readonly total: number;
  /** Posted, also where a listener refused it. */
  readonly applied: number;
  /** State changes beside `kvm_convert_memory` lines: counted, not applied. */
  readonly repeated: number;
  readonly foreign: number;
  /** By the range rules. */
  readonly refused: Readonly<Record<RangeRefusal, number>>;
  /** The lines that are not foreign, by their event. */
  readonly byEvent: Readonly<Record<TraceEventName, number>>;
}

/** A conversion is one request: a line that crosses a border of blocks makes one for each block. */
export interface ConversionCounts {
  /** changed + unchanged + refused. */
  readonly posted: number;
  readonly changed: number;
  /** Already in the wanted state. */
  readonly unchanged: number;
  readonly refused: number;
  /** Further attempts, after an answer that asked to try again later. */
  readonly retries: number;
}

/** Of accepted conversions. */
export interface ByteCounts {
  readonly toShared: number;
  readonly toPrivate: number;
  readonly changedToShared: number;
  readonly changedToPrivate: number;
}

/** DMA mappings that a device needs for what is populated: one a page as VFIO maps, or one a run. */
export interface PopulatedState {
  readonly populatedBytes: number;
  readonly mappingsPerPage: number;
  readonly mappingsPerRun: number;
}

/** The first refusal of its code. */
export interface FirstRefusal {
  readonly line: number;
  readonly ramBlockId: string;
  readonly idstr: string;
  readonly offset: number;
  readonly size: number;
  readonly to: ConversionTarget;
  readonly status: number;
  readonly detail: string;
  readonly errno: string | null;
  readonly listenerId: string | null;
  readonly listenerDetail: string | null;
  readonly attempts: number;
  /** What was populated then, over all blocks. */
  readonly populated: PopulatedState;
}

export interface RefusalCount {
  readonly count: number;
  readonly first: FirstRefusal;
}

export interface BlockSummary {
  readonly id: string;
  readonly machine: string;
  readonly idstr: string;
  readonly gpa: number | null;
  readonly usedLength: number;
  /** Whether the replay created it. */
  readonly created: boolean;
  /** At the end. */
  readonly populatedBytes: number;
  readonly runs: number;
}

export interface ReplaySummary {
  readonly trace: string;
  readonly service: string;
  readonly blocks: readonly BlockSummary[];
  readonly lines: LineCounts;
  readonly conversions: ConversionCounts;
  readonly bytes: ByteCounts;
  /** At the end, over all blocks. */
  readonly end: PopulatedState;
  /** The largest of each at any moment, over all blocks together. */
  readonly peak: PopulatedState;
  /** By the code of the problem. */
  readonly refusals: Readonly<Record<string, RefusalCount>>;
  /** From the first conversion to the last answer. */
  readonly seconds: number;
  readonly conversionsPerSecond: number;
}
