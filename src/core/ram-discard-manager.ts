// The manager of one RAM block, QEMU's multi-source RamDiscardManager: a page is populated when every source has it
// populated. It plans (which pages change, which listener hears of what) and it keeps the books when a plan is committed.
import { PageBitmap } from './page-bitmap.ts';
import type { RamDiscardListener } from './ram-discard-listener.ts';
import { type RamDiscardSource, uniformityOf } from './ram-discard-source.ts';
import type { SourceStep, Uniformity } from './records.ts';
import { type Call, type Round, Rounds, roundOf } from './rounds.ts';
import type { RunBudget } from './run-budget.ts';
import { cutAll, mergeRuns, type PageRange } from './section.ts';
import { intersect, type Pages, StagedPages } from './staged-pages.ts';

/** What is to be done to one source. */
export interface Step {
  readonly source: RamDiscardSource;
  readonly range: PageRange;
  readonly populate: boolean;
  /** The pages of `range` that turn, ascending, where the caller knows them. */
  readonly runs?: readonly PageRange[] | undefined;
}

/** Pages of one source that turn, and who hears of it. */
export interface Turn {
  readonly populate: boolean;
  /** The pages of the source that change, as maximal runs. */
  readonly changed: readonly PageRange[];
  /** Those of them where all other sources are populated. */
  readonly effective: readonly PageRange[];
  /** Who hears of those, newest listener first. */
  readonly calls: readonly Call[];
}

/** What a step comes to. Nothing has changed yet. */
export interface Plan extends Turn {
  readonly source: RamDiscardSource;
  readonly range: PageRange;
  readonly from: Uniformity;
}

/** What several steps, one after the other, come to. */
export interface Plans {
  /** Of each step, as the steps before it leave the block. */
  readonly plans: readonly Plan[];
  /** The most DMA mappings that a listener needs on the way, where any is limited and it is populated at all. */
  readonly peaks: ReadonlyMap<RamDiscardListener, number>;
}

const NO_CALLS: readonly Call[] = [];
const NO_PEAKS: Plans['peaks'] = new Map();
/** Runs of other sources that are listed to plan several steps; of more, each step looks at the bitmaps. */
const MOST_LISTED = 2 ** 20;

export class RamDiscardManager {
  /** Pages of the block. */
  #length: number;
  readonly #sources = new Map<string, RamDiscardSource>();
  #sourceList: readonly RamDiscardSource[] = [];
  /** In the order of registration. */
  readonly #listeners = new Map<string, RamDiscardListener>();
  #newestFirst: readonly RamDiscardListener[] = [];
  #hasMappingLimits = false;
  #hasAsync = false;
  /** The AND of all sources; where there is exactly one, its very bitmap. Null until somebody asks: sources come one by one. */
  #populated: PageBitmap | null = null;

  constructor(length: number) {
    this.#length = length;
  }

  /** What is populated: the AND of all sources; everything where there is none. Not to be changed by the caller. */
  get populated(): PageBitmap {
    this.#populated ??= this.#populatedInAll();
    return this.#populated;
  }

  get sources(): ReadonlyMap<string, RamDiscardSource> {
    return this.#sources;
  }

  /** The same as a list: there are few, and every change looks through them. */
  get sourceList(): readonly RamDiscardSource[] {
    return this.#sourceList;
  }

  get listeners(): ReadonlyMap<string, RamDiscardListener> {
    return this.#listeners;
  }

  /** The listeners as QEMU goes through its list, for it inserts at the head. */
  get newestFirst(): readonly RamDiscardListener[] {
    return this.#newestFirst;
  }

  /** The smallest granularity of the sources in bytes (QEMU: get_min_granularity); null without a source. */
  get minGranularity(): number | null {
    if (this.#sourceList.length === 0) return null;
    return Math.min(...this.#sourceList.map((source) => source.definition.granularity));
  }

  /** Whether a listener may have only so many DMA mappings, so that what fits depends on what comes before. */
  get hasMappingLimits(): boolean {
    return this.#hasMappingLimits;
  }

  /** Whether a listener is told of changes once they are true. */
  get hasAsync(): boolean {
    return this.#hasAsync;
  }

  /**
   * Plans one step.
   * @param budget which the runs that change, and what each listener hears of them, are taken from
   * @throws Problem `too-many-runs`
   */
  plan(step: Step, budget?: RunBudget): Plan {
    const { source } = step;
    return this.#planOn(source.bitmap, step, (runs, most) => this.#inOthers(source, runs, most), budget);
  }

  /**
   * Plans `steps`, which are of one source, each on top of those before it. Those of different pages are the same in any
   * order; others are staged over the bitmap, which does not change. It costs a look at what the steps touch, once, however
   * often they touch it.
   * @throws Problem `too-many-runs`
   */
  planAll(steps: readonly Step[], budget?: RunBudget): Plans {
    if (!this.#hasMappingLimits && areApart(steps, this.#length)) {
      const plans = steps.map((step) => this.plan(step, budget));
      const [first, second] = steps;
      // The runs of a bitmap's steps are apart; what the second says of its whole range lies behind the first.
      if (first?.runs !== undefined && second?.runs !== undefined && plans[1] !== undefined) {
        plans[1] = { ...plans[1], from: stateBehind(first, second) };
      }
      return { plans, peaks: NO_PEAKS };
    }
    const source = steps[0]?.source;
    if (source === undefined) return { plans: [], peaks: NO_PEAKS };
    const staged = new StagedPages(source.bitmap);
    const others = this.#listOthers(source);
    const inOthers = (runs: readonly PageRange[], most?: number): readonly PageRange[] => {
      return others === null ? this.#inOthers(source, runs, most) : intersect(runs, others, most);
    };
    const counts = this.#hasMappingLimits ? new MappingCounts(this.populated, source.bitmap, staged) : null;
    const plans = steps.map((step) => {
      const plan = this.#planOn(staged, step, inOthers, budget);
      if (plan.populate) counts?.add(plan.calls);
      staged.fill(plan.changed, plan.populate);
      counts?.follow(plan);
      return plan;
    });
    return { plans, peaks: counts?.peaks ?? NO_PEAKS };
  }

  /** @param inOthers cuts runs to the pages that all other sources have populated */
  #planOn(
    pages: Pages,
    { source, range, populate, runs }: Step,
    inOthers: (runs: readonly PageRange[], most?: number) => readonly PageRange[],
    budget?: RunBudget,
  ): Plan {
    const most = budget?.left;
    let changed: readonly PageRange[];
    if (runs !== undefined) changed = runs;
    // Mostly all of it changes, and no list is needed to find that out.
    else changed = pages.next(range, populate) === range.end ? [range] : pages.listRuns(range, !populate, [], most);
    budget?.take(changed.length);
    // Another source may cut the runs into more; those that are taken already count once.
    const mostEffective = budget === undefined ? undefined : budget.left + changed.length;
    const effective = this.#sourceList.length === 1 ? changed : inOthers(changed, mostEffective);
    budget?.take(Math.max(0, effective.length - changed.length));
    const from = runs === undefined ? stateBefore(changed, range, populate) : uniformityOf(pages, range);
    const calls = this.callsFor(effective);
    budget?.takeCalls(calls);
    return { source, range, populate, from, changed, effective, calls };
  }

  /**
   * The parts of `runs` that all sources but `source` have populated.
   * @param most once there are more than so many, on the way too, they are not all that there are: more are returned then
   */
  #inOthers(
    source: RamDiscardSource,
    runs: readonly PageRange[],
    most: number = Number.POSITIVE_INFINITY,
  ): readonly PageRange[] {
    let inside = runs;
    for (const other of this.#sourceList) {
      if (other === source) continue;
      inside = within(other.bitmap, inside, true, most);
      // What is left out must not come to look like few because of the next source.
      if (inside.length > most) return inside;
    }
    return inside;
  }

  /** All that the sources but `source` have populated; null where these are too many runs to be listed. */
  #listOthers(source: RamDiscardSource): readonly PageRange[] | null {
    const others = this.#sourceList.filter((other) => other !== source);
    if (others.some(({ bitmap }) => bitmap.runCount > MOST_LISTED)) return null;
    return this.#inOthers(source, [{ start: 0, end: this.#length }]);
  }

  /** Returns what listeners hear of `turns`, one after the other. */
  rounds(turns: readonly Pick<Turn, 'populate' | 'calls'>[]): Round[] {
    if (this.#listeners.size === 0) return [];
    const [only] = turns;
    if (only !== undefined && turns.length === 1) return roundOf(only.populate, only.calls);
    const rounds = new Rounds();
    for (const { calls, populate } of turns) rounds.add(populate, calls);
    return rounds.inOrder(this.newestFirst);
  }

  /** The pages that `added` takes away from what is populated. @throws Problem `too-many-runs` */
  takenAwayBy(added: RamDiscardSource, budget?: RunBudget): PageRange[] {
    const taken: PageRange[] = [];
    for (const hole of added.bitmap.allRuns(false)) this.populated.listRuns(hole, true, taken, budget?.left);
    budget?.take(taken.length);
    return taken;
  }

  /** The pages that removing `removed` gives back. @throws Problem `too-many-runs` */
  givenBackBy(removed: RamDiscardSource, budget?: RunBudget): PageRange[] {
    const range = { start: 0, end: this.#length };
    return [...this.plan({ source: removed, range, populate: true }, budget).effective];
  }

  /**
   * The pages that become populated, or are no more, when the block has `length` pages.
   * @throws Problem `too-many-runs`
   */
  resizedBy(length: number, budget?: RunBudget): { readonly populate: boolean; readonly runs: readonly PageRange[] } {
    const populate = length > this.#length;
    if (!populate) {
      const runs = this.populated.listRuns({ start: length, end: this.#length }, true, [], budget?.left);
      budget?.take(runs.length);
      return { populate, runs };
    }
    return { populate, runs: this.#sources.size > 0 ? [] : [{ start: this.#length, end: length }] };
  }

  /** Who hears of `runs` and of which part: newest listener first. */
  callsFor(runs: readonly PageRange[]): readonly Call[] {
    if (runs.length === 0 || this.#newestFirst.length === 0) return NO_CALLS;
    // One by itself, as most blocks have, takes no list that could grow.
    if (this.#newestFirst.length === 1) return callOf(this.#newestFirst[0] as RamDiscardListener, runs);
    return this.#newestFirst.flatMap((listener) => callOf(listener, runs));
  }

  /** Who hears of `runs` that begin at the end of the block: those whose section follows it. */
  callsBeyondEnd(runs: readonly PageRange[]): readonly Call[] {
    if (runs.length === 0) return NO_CALLS;
    const following = this.newestFirst.filter(({ hears, followsEnd }) => hears && followsEnd);
    return following.map((listener) => ({ listener, runs }));
  }

  /** What a replay of the populated pages tells `listener`. @throws Problem `too-many-runs` */
  replayFor(listener: RamDiscardListener, budget?: RunBudget): PageRange[] {
    const runs = this.populated.listRuns(listener.range, true, [], budget?.left);
    budget?.take(runs.length);
    return runs;
  }

  /**
   * Makes the steps of a change of `source`, which is durable, true in their order. Steps that touch the same pages are
   * staged first: it costs a look at what they touch, once, however often they touch it.
   * @returns of each step what turned, and who hears of it
   */
  change(source: RamDiscardSource, steps: readonly Pick<SourceStep, 'range' | 'populate' | 'changed'>[]): Turn[] {
    if (areChangesApart(steps, this.#length)) {
      const turns = steps.map(({ populate, changed }) =>
        this.#turnOf(populate, changed, this.#inOthers(source, changed)),
      );
      for (const turn of turns) this.turn(source, turn);
      return turns;
    }
    const others = this.#listOthers(source);
    const inOthers = (runs: readonly PageRange[]): readonly PageRange[] => {
      return others === null ? this.#inOthers(source, runs) : intersect(runs, others);
    };
    const turns = steps.map(({ populate, changed }) => this.#turnOf(populate, changed, inOthers(changed)));
    const staged = new StagedPages(source.bitmap);
    for (const { changed, populate } of steps) staged.fill(changed, populate);
    for (const populate of [false, true]) {
      const touched = staged.staged.filter(({ populated }) => populated === populate);
      const changed = within(source.bitmap, touched, !populate);
      if (changed.length > 0) this.turn(source, this.#turnOf(populate, changed, inOthers(changed)));
    }
    if (!this.#newestFirst.some(({ isUnsettled }) => isUnsettled)) return turns;
    // What was discarded on the way and is populated again was told, and is owed no more than what stays discarded.
    const discarded = mergeRuns(turns.flatMap(({ populate, effective }) => (populate ? [] : effective)));
    for (const { listener, runs } of this.callsFor(discarded)) listener.forgetOwed(runs);
    return turns;
  }

  #turnOf(populate: boolean, changed: readonly PageRange[], effective: readonly PageRange[]): Turn {
    return { populate, changed, effective, calls: this.callsFor(effective) };
  }

  /** Sets or clears pages of `source`, and counts with the listeners. */
  turn(source: RamDiscardSource, { changed, effective, populate, calls }: Turn): void {
    const { populated } = this;
    if (populate) for (const { listener, runs } of calls) listener.notePopulated(populated, runs);
    source.bitmap.fillAll(changed, populate);
    if (populated !== source.bitmap) populated.fillAll(effective, populate);
    if (populate) return;
    for (const { listener, runs } of calls) {
      listener.noteDiscarded(populated, runs);
      listener.forgetOwed(runs);
    }
  }

  addSource(source: RamDiscardSource): void {
    const taken = this.#listeners.size > 0 ? this.takenAwayBy(source) : [];
    this.#sources.set(source.definition.id, source);
    this.#sourceList = [...this.#sources.values()];
    this.#populated = null;
    for (const { listener, runs } of this.callsFor(taken)) {
      listener.noteDiscarded(this.populated, runs);
      listener.forgetOwed(runs);
    }
  }

  removeSource(source: RamDiscardSource): void {
    for (const { listener, runs } of this.callsFor(this.givenBackBy(source))) {
      listener.notePopulated(this.populated, runs);
    }
    this.#sources.delete(source.definition.id);
    this.#sourceList = [...this.#sources.values()];
    this.#populated = null;
  }

  /** @param length pages @param usedLength the same in bytes */
  resize(length: number, usedLength: number): void {
    this.#length = length;
    for (const source of this.#sourceList) source.resize(length);
    this.#populated = null;
    for (const listener of this.#listeners.values()) listener.resize(usedLength, this.populated);
  }

  addListener(listener: RamDiscardListener): void {
    this.#listeners.set(listener.id, listener);
    this.#lookAtListeners();
    listener.recount(this.populated);
  }

  removeListener(listenerId: string): void {
    this.#listeners.delete(listenerId);
    this.#lookAtListeners();
  }

  /** What every change asks of the listeners is found out when they change. */
  #lookAtListeners(): void {
    this.#newestFirst = [...this.#listeners.values()].reverse();
    this.#hasMappingLimits = this.#newestFirst.some(({ definition }) => definition.dmaMaxMappings !== null);
    this.#hasAsync = this.#newestFirst.some(({ backlog }) => backlog !== null);
  }

  #populatedInAll(): PageBitmap {
    const [first, ...rest] = this.#sourceList.map((source) => source.bitmap);
    if (first === undefined) return PageBitmap.full(this.#length);
    return rest.reduce((and, bitmap) => PageBitmap.intersection(and, bitmap), first);
  }
}

/** What `listener` hears of `runs`: one call or none. */
function callOf(listener: RamDiscardListener, runs: readonly PageRange[]): readonly Call[] {
  const inside = listener.hears ? cutAll(runs, listener.range) : [];
  return inside.length > 0 ? [{ listener, runs: inside }] : NO_CALLS;
}

/** How many DMA mappings listeners with a limit need on the way through the steps of a batch. */
class MappingCounts {
  readonly peaks = new Map<RamDiscardListener, number>();
  readonly #needed = new Map<RamDiscardListener, number>();
  /** What is populated after the steps so far. */
  readonly #populated: StagedPages;
  /** Whether it has to be staged beside the source, for other sources have a say in it. */
  readonly #isApart: boolean;

  constructor(populated: PageBitmap, source: PageBitmap, staged: StagedPages) {
    this.#isApart = populated !== source;
    this.#populated = this.#isApart ? new StagedPages(populated) : staged;
  }

  /** `calls` are about to be populated. */
  add(calls: readonly Call[]): void {
    for (const { listener, runs } of calls) {
      const needed = this.#of(listener) + listener.newMappings(this.#populated, runs);
      this.#needed.set(listener, needed);
      this.peaks.set(listener, Math.max(needed, this.peaks.get(listener) ?? 0));
    }
  }

  /** `turn` is staged. */
  follow({ effective, populate, calls }: Turn): void {
    if (this.#isApart) this.#populated.fill(effective, populate);
    if (populate) return;
    for (const { listener, runs } of calls) {
      this.#needed.set(listener, this.#of(listener) - listener.newMappings(this.#populated, runs));
    }
  }

  #of(listener: RamDiscardListener): number {
    return this.#needed.get(listener) ?? listener.neededMappings;
  }
}

/** Whether no two of `steps` share a page. @param length pages of the block */
function areApart(steps: readonly Step[], length: number): boolean {
  const [first, second] = steps;
  if (first?.runs !== undefined && second?.runs !== undefined && steps.length === 2) {
    return areRunsApart(first.runs, second.runs);
  }
  return areRangesApart(steps, length);
}

/** Whether the ranges of `steps` share no page. @param length pages of the block */
function areRangesApart(steps: readonly { readonly range: PageRange }[], length: number): boolean {
  if (steps.length === 1) return true;
  // Numbers are sorted much faster than ranges: the ranges are apart where each of their ends comes before the next start.
  const Numbers = length < 2 ** 32 ? Uint32Array : Float64Array;
  const [starts, ends] = [new Numbers(steps.length), new Numbers(steps.length)];
  for (let index = 0; index < steps.length; index++) {
    const { start, end } = (steps[index] as { readonly range: PageRange }).range;
    starts[index] = start;
    ends[index] = end;
  }
  starts.sort();
  ends.sort();
  for (let index = 1; index < steps.length; index++) if ((starts[index] ?? 0) < (ends[index - 1] ?? 0)) return false;
  return true;
}

/** Whether no two of `steps`, which are recorded, share a page that changed. @param length pages of the block */
function areChangesApart(steps: readonly Pick<SourceStep, 'range' | 'changed'>[], length: number): boolean {
  const [first, second] = steps;
  // Two of a bitmap, which lie between each other.
  if (first !== undefined && second !== undefined && steps.length === 2) {
    return areRunsApart(first.changed, second.changed);
  }
  return areRangesApart(steps, length);
}

/** What the range of `second` is once `first` is done: they set runs of one source, apart from each other. */
function stateBehind(first: Step, { source, range }: Step): Uniformity {
  const touched = cutAll(first.runs ?? [], range);
  const turned = touched.reduce(
    (sum, run) => sum + (run.end - run.start - countOf(source.bitmap, run, first.populate)),
    0,
  );
  const populated = source.bitmap.count(range) + (first.populate ? turned : -turned);
  if (populated === 0) return 'discarded';
  return populated === range.end - range.start ? 'populated' : 'mixture';
}

function countOf(bitmap: PageBitmap, run: PageRange, populated: boolean): number {
  const count = bitmap.count(run);
  return populated ? count : run.end - run.start - count;
}

/** Whether no run of the one list shares a page with one of the other; both ascend. */
function areRunsApart(some: readonly PageRange[], others: readonly PageRange[]): boolean {
  let [a, b] = [0, 0];
  for (;;) {
    const [one, other] = [some[a], others[b]];
    if (one === undefined || other === undefined) return true;
    if (one.end <= other.start) a++;
    else if (other.end <= one.start) b++;
    else return false;
  }
}

/** The parts of `runs` that are populated (or not populated) in `bitmap`, maximal. @param most as `listRuns` has it */
function within(bitmap: Pages, runs: readonly PageRange[], populated: boolean, most?: number): PageRange[] {
  const found: PageRange[] = [];
  for (const run of runs) bitmap.listRuns(run, populated, found, most);
  return found;
}

/** What `range` was before: the runs that would change say it all. */
function stateBefore(changed: readonly PageRange[], range: PageRange, populate: boolean): Uniformity {
  const [first] = changed;
  if (first === undefined) return populate ? 'populated' : 'discarded';
  if (first.start === range.start && first.end === range.end) return populate ? 'discarded' : 'populated';
  return 'mixture';
}
