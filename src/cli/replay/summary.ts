// What a replay found out: the shape of its result, also of `--json`. Sizes are bytes, times are seconds.

import type { ServiceProblem } from '../../client/service-client.ts';
import type { ChosenEvents, EventCounts } from '../../traces/event-choice.ts';
import type { RangeRefusal } from '../../traces/placement.ts';
import type { ConversionTarget } from '../../traces/trace-event.ts';

/** Every line is in exactly one of `applied`, `repeated`, `layout`, `foreign` and the kinds of `refused`. */
export interface LineCounts {
  readonly total: number;
  /** Posted, also where a listener refused it. */
  readonly applied: number;
  /** Of other events than the chosen ones: counted, not applied. */
  readonly repeated: number;
  /** Of `kvm_set_user_memory`, with a guest_memfd. */
  readonly layout: number;
  readonly foreign: number;
  /** Whether the last line names an event, but is not complete. It is one of the foreign ones. */
  readonly cutOff: boolean;
  /** Of those applied: over the border of RAM blocks. */
  readonly crossing: number;
  /** Of those crossing: block by block, for the service does not have the blocks at these addresses. */
  readonly cut: number;
  /** By the range rules. */
  readonly refused: Readonly<Record<RangeRefusal, number>>;
  /** The lines of conversions, by their event. */
  readonly byEvent: EventCounts;
  /** The events that are applied; null without any conversion. */
  readonly chosen: ChosenEvents | null;
  /**
   * Of a trace that is read once: the conversions of less exact events that were taken before line `before`, the first of
   * the chosen events. They are among the others, `applied` and `refused`. Null where all were of the chosen events.
   */
  readonly superseded: { readonly lines: number; readonly before: number } | null;
}

/** A conversion is one request; a line that is cut makes one for each block. In a dry run it is a preview. */
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

/** Of accepted conversions, but for `unassigned`. */
export interface ByteCounts {
  readonly toShared: number;
  readonly toPrivate: number;
  readonly changedToShared: number;
  readonly changedToPrivate: number;
  /** Of conversions to shared: in no RAM block, and so left out. */
  readonly unassigned: number;
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
  /** Where the range begins; null for an offset in a block. */
  readonly gpa: number | null;
  /** Of the whole range, over all of its blocks. */
  readonly size: number;
  readonly to: ConversionTarget;
  /** The idstrs of the blocks in the range, by ascending address. */
  readonly blocks: readonly string[];
  /** The block that it was about; null where the answer names none of several. */
  readonly ramBlockId: string | null;
  readonly idstr: string | null;
  /** Where the range begins in that block. */
  readonly offset: number | null;
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

/** What the conversions of one block, on top of each other, would meet. Limits of listeners may only show here. */
export interface BatchPreview {
  readonly ramBlockId: string;
  readonly idstr: string;
  /** Previewed as one batch, from the first one on. */
  readonly conversions: number;
  /** Of so many; a batch takes 10,000. */
  readonly total: number;
  /** null: they would be accepted. */
  readonly refusal: ServiceProblem | null;
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
  /**
   * Whether nothing was changed. Each conversion was previewed against the present state; the figures are as if each that
   * was not refused had been done, in order.
   */
  readonly dryRun: boolean;
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
  /** Of a dry run, one for each block with conversions; else empty. */
  readonly batchPreviews: readonly BatchPreview[];
  /** From the first conversion to the last answer. */
  readonly seconds: number;
  readonly conversionsPerSecond: number;
}
