// Keeps the figures of a plan while its conversions are made, one after the other.

import { CHUNK_PAGES } from '../core/chunk-words.ts';
import type { Uniformity } from '../core/records.ts';
import { countPages } from '../core/section.ts';
import { Problem } from '../errors.ts';
import { MIN_PAGE_SIZE } from '../limits.ts';
import type { BlockPart } from '../traces/block-map.ts';
import type { TraceEvent } from '../traces/trace-event.ts';
import { ConversionCounts } from './conversion-counts.ts';
import { Footprint, PINNED } from './footprint.ts';
import { HotPieces } from './hot-pieces.ts';
import { Lifetimes } from './lifetimes.ts';
import { ListenerTraffic } from './listener-traffic.ts';
import { PeakSeries } from './peak-series.ts';
import { PIECE_SIZES, type PlanTracking, TRACKINGS } from './plan.ts';
import type { PlannedBlock } from './planned-block.ts';
import { TraceClock } from './trace-clock.ts';
import { TrackingPeaks, toPlanMoment } from './tracking-peaks.ts';

/** Shared ranges at a time: some 100 MiB. No device could map as many. */
export const MAX_RANGES = 2 ** 20;
/** Parts of bitmaps at a time: 64 MiB, which are 2 TiB of memory that is partly shared in every 128 MiB. */
const MAX_MIXED_CHUNKS = 2 ** 14;
/** Bytes that a chunk stands for. */
const CHUNK_BYTES = CHUNK_PAGES * MIN_PAGE_SIZE;
/** Whole chunks that all conversions of a trace may cover together, 2 PiB: this bounds the time that it takes. */
const MAX_CHUNKS_COVERED = 2 ** 24;

/** The parts of a trace that are within its plan's limits. */
type Line = Pick<TraceEvent, 'line' | 'size' | 'to' | 'time'>;

export class Accounts {
  readonly clock = new TraceClock();
  readonly conversions = new ConversionCounts();
  readonly lifetimes = new Lifetimes();
  readonly hot = new HotPieces();
  readonly listener = new ListenerTraffic();
  readonly #now = new Footprint();
  readonly #peaks: readonly TrackingPeaks[];
  readonly #pinnedConversions: number[] = PIECE_SIZES.map(() => 0);
  readonly #series: PeakSeries;
  /** For each of PIECE_SIZES: whether the conversion under way leaves a piece mapped that lost pages. */
  readonly #keptSome: boolean[] = PIECE_SIZES.map(() => false);
  readonly #maxRanges: number;
  #chunksCovered = 0;

  /** @param limit of DMA mappings @param points of a series, at most @param maxRanges that may be shared at a time */
  constructor(limit: number, points: number, maxRanges: number) {
    this.#maxRanges = maxRanges;
    this.#peaks = TRACKINGS.map(() => new TrackingPeaks(limit));
    this.#series = new PeakSeries(2 * TRACKINGS.length, points);
  }

  /**
   * The conversion of one line, as the parts of RAM blocks that it is of.
   * @throws Problem `payload-too-large` when this and what was before are more than a plan can take
   */
  convert(line: Line, parts: readonly BlockPart<PlannedBlock>[]): void {
    const { to, time } = line;
    this.#cover(line);
    const at = this.clock.tick(time);
    let state: Uniformity | null = null;
    let bytes = 0;
    let changedBytes = 0;
    this.#keptSome.fill(false);
    for (const { block, offset, size } of parts) {
      block.addTo(this.#now, -1);
      const { change, kept } = block.convert({ offset, size }, to === 'shared');
      block.addTo(this.#now, 1);
      state = state === null || state === change.from ? change.from : 'mixture';
      bytes += size;
      changedBytes += countPages(change.changed) * MIN_PAGE_SIZE;
      for (let index = 0; index < kept.length; index++) if ((kept[index] ?? 0) > 0) this.#keptSome[index] = true;
      if (change.changed.length === 0) continue;
      this.lifetimes.note(block, change.changed, change.populate, at);
      this.hot.note(block, change.changed);
      this.listener.note(line.line, block, change.changed, change.populate);
    }
    for (let index = 0; index < PIECE_SIZES.length; index++) {
      if (this.#keptSome[index]) this.#pinnedConversions[index] = (this.#pinnedConversions[index] ?? 0) + 1;
    }
    const blocks = parts.length > 1 ? new Set(parts.map(({ block }) => block)).size : 1;
    this.conversions.note({ to, bytes, changedBytes, wasMixture: state === 'mixture', blocks }, at);
    this.#note({ line: line.line, at });
  }

  /** Whole chunks that all conversions so far cover. */
  get chunksCovered(): number {
    return this.#chunksCovered;
  }

  trackings(): PlanTracking[] {
    const toUnit = (ticks: number) => this.clock.toUnit(ticks);
    return this.#peaks.map((peaks, index) => {
      const { firstExceeded, ticksExceeded, conversionsExceeded, timesExceeded } = peaks;
      const first = toPlanMoment(firstExceeded, toUnit);
      const duration = toUnit(ticksExceeded);
      const exceeded = first && { first, duration, conversions: conversionsExceeded, times: timesExceeded };
      return {
        tracking: TRACKINGS[index] ?? 'page',
        granularity: [MIN_PAGE_SIZE, null, ...PIECE_SIZES][index] ?? null,
        mappings: {
          peak: peaks.peakMappings,
          peakAt: toPlanMoment(peaks.peakMappingsAt, toUnit),
          end: peaks.mappings,
          exceeded,
          series: this.#series.column(index),
        },
        pinned: {
          peakBytes: peaks.peakPinned,
          peakAt: toPlanMoment(peaks.peakPinnedAt, toUnit),
          endBytes: peaks.pinned,
          peakPrivateBytes: peaks.peakPrivate,
          series: this.#series.column(PINNED + index),
        },
        pinnedConversions: this.#pinnedConversions[index - 2] ?? 0,
      };
    });
  }

  /** A step of the series, in the unit of the clock. */
  get step(): number {
    return this.clock.toUnit(this.#series.width);
  }

  #note(moment: { readonly line: number; readonly at: number }): void {
    const now = this.#now;
    const { sharedBytes, mixedChunks } = now;
    for (let index = 0; index < this.#peaks.length; index++) {
      this.#peaks[index]?.note(moment, now.mappings(index), now.pinned(index), sharedBytes);
    }
    this.#series.note(moment.at, now.values);
    if (this.lifetimes.tracked > this.#maxRanges) {
      throw tooMuch(moment, `more than ${this.#maxRanges} ranges are shared`);
    }
    if (mixedChunks > MAX_MIXED_CHUNKS) throw tooMuch(moment, 'too much memory is partly shared, partly private');
  }

  #cover(line: Line): void {
    this.#chunksCovered += Math.floor(line.size / CHUNK_BYTES);
    if (this.#chunksCovered > MAX_CHUNKS_COVERED) throw tooMuch(line, 'its conversions cover more than 2 PiB together');
  }
}

function tooMuch({ line }: { readonly line: number }, why: string): Problem {
  return new Problem('payload-too-large', `at line ${line} the trace is more than a plan can take: ${why}`);
}
