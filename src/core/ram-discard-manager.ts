// The manager of one RAM block, QEMU's multi-source RamDiscardManager: a page is populated when every source has it
// populated. It plans (which pages change, which listener hears of what) and it keeps the books when a plan is committed.
import { PageBitmap } from './page-bitmap.ts';
import type { RamDiscardListener } from './ram-discard-listener.ts';
import type { RamDiscardSource, Uniformity } from './ram-discard-source.ts';
import { cutAll, type PageRange } from './section.ts';

/** One listener and the runs of its section that it is to be told of, ascending and maximal. */
export interface Call {
  readonly listener: RamDiscardListener;
  readonly runs: readonly PageRange[];
}

/** What a change of one source comes to. Nothing has changed yet. */
export interface Plan {
  readonly source: RamDiscardSource;
  readonly range: PageRange;
  readonly populate: boolean;
  readonly from: Uniformity;
  /** The pages of the source that change, as maximal runs. */
  readonly changed: readonly PageRange[];
  /** Those of them where all other sources are populated: what listeners hear of. */
  readonly effective: readonly PageRange[];
}

export class RamDiscardManager {
  /** Pages of the block. */
  readonly #length: number;
  readonly #sources = new Map<string, RamDiscardSource>();
  /** In the order of registration. */
  readonly #listeners = new Map<string, RamDiscardListener>();
  /** The AND of all sources; where there is exactly one, its very bitmap. */
  #populated: PageBitmap;

  constructor(length: number) {
    this.#length = length;
    this.#populated = PageBitmap.full(length);
  }

  /** What is populated: the AND of all sources; everything where there is none. Not to be changed by the caller. */
  get populated(): PageBitmap {
    return this.#populated;
  }

  get sources(): ReadonlyMap<string, RamDiscardSource> {
    return this.#sources;
  }

  get listeners(): ReadonlyMap<string, RamDiscardListener> {
    return this.#listeners;
  }

  /** The smallest granularity of the sources in bytes (QEMU: get_min_granularity); null without a source. */
  get minGranularity(): number | null {
    if (this.#sources.size === 0) return null;
    return Math.min(...[...this.#sources.values()].map((source) => source.definition.granularity));
  }

  /** Plans to populate or discard `range` in `source`. */
  planChange(source: RamDiscardSource, range: PageRange, populate: boolean): Plan {
    const changed = [...source.bitmap.runs(range, !populate)];
    let effective: readonly PageRange[] = changed;
    for (const other of this.#sources.values()) {
      if (other !== source) effective = populatedWithin(other.bitmap, effective);
    }
    return { source, range, populate, from: stateBefore(changed, range, populate), changed, effective };
  }

  /** The pages that `added` takes away from what is populated. */
  takenAwayBy(added: RamDiscardSource): PageRange[] {
    const taken: PageRange[] = [];
    for (const hole of added.bitmap.allRuns(false)) taken.push(...this.populated.runs(hole, true));
    return taken;
  }

  /** The pages that removing `removed` gives back. */
  givenBackBy(removed: RamDiscardSource): PageRange[] {
    const all = { start: 0, end: this.#length };
    return [...this.planChange(removed, all, true).effective];
  }

  /** Who hears of `runs` and of which part: newest listener first, as QEMU inserts at the head of its list. */
  callsFor(runs: readonly PageRange[]): Call[] {
    const calls: Call[] = [];
    for (const listener of [...this.#listeners.values()].reverse()) {
      const inside = cutAll(runs, listener.range);
      if (inside.length > 0) calls.push({ listener, runs: inside });
    }
    return calls;
  }

  /** What a replay of the populated pages tells `listener`. */
  replayFor(listener: RamDiscardListener): PageRange[] {
    return [...this.populated.runs(listener.range, true)];
  }

  commitChange(plan: Plan): void {
    this.#noteBefore(plan.effective, plan.populate);
    const { bitmap } = plan.source;
    if (plan.populate) bitmap.set(plan.range);
    else bitmap.clear(plan.range);
    if (this.#populated !== bitmap) {
      for (const run of plan.effective) {
        if (plan.populate) this.#populated.set(run);
        else this.#populated.clear(run);
      }
    }
    this.#noteAfter(plan.effective, plan.populate);
  }

  addSource(source: RamDiscardSource): void {
    const taken = this.takenAwayBy(source);
    this.#sources.set(source.definition.id, source);
    this.#recompute();
    this.#noteAfter(taken, false);
  }

  removeSource(source: RamDiscardSource): void {
    const given = this.givenBackBy(source);
    this.#noteBefore(given, true);
    this.#sources.delete(source.definition.id);
    this.#recompute();
  }

  addListener(listener: RamDiscardListener): void {
    this.#listeners.set(listener.id, listener);
    // As if all that is populated in its section became so just now.
    listener.notePopulated(new PageBitmap(this.#length), this.replayFor(listener));
  }

  removeListener(listenerId: string): void {
    this.#listeners.delete(listenerId);
  }

  #noteBefore(runs: readonly PageRange[], populate: boolean): void {
    if (!populate) return;
    for (const call of this.callsFor(runs)) call.listener.notePopulated(this.populated, call.runs);
  }

  #noteAfter(runs: readonly PageRange[], populate: boolean): void {
    if (populate) return;
    for (const call of this.callsFor(runs)) call.listener.noteDiscarded(this.populated, call.runs);
  }

  #recompute(): void {
    const [first, ...rest] = [...this.#sources.values()].map((source) => source.bitmap);
    if (first === undefined) this.#populated = PageBitmap.full(this.#length);
    else this.#populated = rest.reduce((and, bitmap) => PageBitmap.intersection(and, bitmap), first);
  }
}

/** The parts of `runs` that are populated in `bitmap`, maximal. */
function populatedWithin(bitmap: PageBitmap, runs: readonly PageRange[]): PageRange[] {
  return runs.flatMap((run) => [...bitmap.runs(run, true)]);
}

/** What `range` was before: the runs that would change say it all. */
function stateBefore(changed: readonly PageRange[], range: PageRange, populate: boolean): Uniformity {
  const [first] = changed;
  if (first === undefined) return populate ? 'populated' : 'discarded';
  if (first.start === range.start && first.end === range.end) return populate ? 'discarded' : 'populated';
  return 'mixture';
}
