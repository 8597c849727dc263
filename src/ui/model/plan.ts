// What the page reads of a plan (POST /v1/plans), and how it is said. A test holds the types against the API's description.
import { formatBytes, formatCount } from './bytes.ts';

export interface PlanMoment {
  readonly line: number;
  readonly at: number;
}

export interface PlanTracking {
  readonly tracking: 'page' | 'run' | '64KiB' | '2MiB' | '1GiB';
  /** Bytes; null where a mapping is a run, whatever its length. */
  readonly granularity: number | null;
  readonly mappings: {
    readonly peak: number;
    readonly end: number;
    readonly exceeded: { readonly first: PlanMoment; readonly duration: number; readonly times: number } | null;
    readonly series: readonly number[];
  };
  readonly pinned: {
    readonly peakBytes: number;
    readonly endBytes: number;
    readonly peakPrivateBytes: number;
    readonly series: readonly number[];
  };
  readonly pinnedConversions: number;
}

interface PlanDirection {
  readonly conversions: number;
  readonly bytes: number;
  readonly changedBytes: number;
}

export interface Plan {
  readonly blocks: readonly {
    readonly idstr: string;
    readonly gpa: number | null;
    readonly size: number;
    readonly guessed: boolean;
  }[];
  readonly layout: 'map' | 'trace' | 'guess';
  readonly ramBytes: number;
  readonly lines: {
    readonly total: number;
    readonly applied: number;
    readonly repeated: number;
    readonly foreign: number;
    readonly layout: number;
    readonly cutOff: boolean;
    readonly chosen: { readonly events: readonly string[]; readonly reason: string };
    readonly refused: readonly { readonly reason: string; readonly lines: number; readonly firstLine: number }[];
  };
  readonly clock: { readonly unit: 'seconds' | 'conversions'; readonly duration: number };
  readonly limit: number;
  readonly smallestGranularity: number | null;
  readonly trackings: readonly PlanTracking[];
  readonly conversions: {
    readonly total: number;
    readonly changed: number;
    readonly unchanged: number;
    readonly mixed: number;
    readonly acrossBlocks: number;
    readonly toShared: PlanDirection;
    readonly toPrivate: PlanDirection;
    readonly perSecond: number | null;
    readonly busiestSecond: { readonly at: number; readonly conversions: number } | null;
    readonly sizes: readonly { readonly upTo: number; readonly toShared: number; readonly toPrivate: number }[];
  };
  readonly lifetimes: {
    readonly ranges: number;
    readonly shortest: number | null;
    readonly longest: number | null;
    readonly mean: number | null;
    readonly histogram: readonly { readonly below: number; readonly ranges: number; readonly bytes: number }[];
    readonly stillSharedRanges: number;
    readonly stillSharedBytes: number;
  };
  readonly hottest: {
    readonly pieceBytes: number;
    readonly exact: boolean;
    readonly pieces: readonly {
      readonly idstr: string;
      readonly offset: number;
      readonly gpa: number | null;
      readonly conversions: number;
    }[];
  };
  readonly listener: {
    readonly requests: number;
    readonly populates: number;
    readonly discards: number;
    readonly sections: number;
    readonly bytes: number;
    readonly largest: { readonly line: number; readonly sections: number; readonly bytes: number } | null;
  };
  /** Of the series: from one value to the next, in the unit of the clock. */
  readonly step: number;
}

const TRACKED: Readonly<Record<PlanTracking['tracking'], string>> = {
  page: 'per page',
  run: 'per run',
  '64KiB': 'at 64 KiB',
  '2MiB': 'at 2 MiB',
  '1GiB': 'at 1 GiB',
};

export function trackingText({ tracking }: Pick<PlanTracking, 'tracking'>): string {
  return TRACKED[tracking];
}

/** A time of the trace, or a length of time, in its unit. */
export function durationText({ clock }: Pick<Plan, 'clock'>, value: number): string {
  if (clock.unit === 'conversions') return `${formatCount(Number(value.toFixed(1)))} conversions`;
  const short = (seconds: number): string => String(Number(seconds.toPrecision(3)));
  if (value !== 0 && value < 0.001) return `${short(value * 1e6)} us`;
  if (value !== 0 && value < 1) return `${short(value * 1000)} ms`;
  return value < 600 ? `${short(value)} s` : `${short(value / 60)} min`;
}

/** When the limit of DMA mappings is exceeded. */
export function exceededText(plan: Plan, { mappings: { exceeded } }: PlanTracking): string {
  if (exceeded === null) return 'never';
  const { first, duration, times } = exceeded;
  const at = plan.clock.unit === 'seconds' ? ` (${durationText(plan, first.at)})` : '';
  const again = times === 1 ? '' : `, ${formatCount(times)} times`;
  return `from line ${formatCount(first.line)}${at}, for ${durationText(plan, duration)}${again}`;
}

/** What fits within the limit of DMA mappings. */
export function fitText({ trackings, limit, smallestGranularity }: Plan): string {
  const page = trackings.find(({ tracking }) => tracking === 'page')?.mappings.peak ?? 0;
  if (page <= limit) return `${formatCount(limit)} are enough, page by page`;
  const from = smallestGranularity === null ? 'at no granularity' : `from ${formatBytes(smallestGranularity)} on`;
  return `${formatCount(limit)} are enough ${from}`;
}

/** KiB, as `ulimit -l` and RLIMIT_MEMLOCK are set. */
export function memlockKib(bytes: number): string {
  return formatCount(Math.ceil(bytes / 1024));
}
