// The manager of one RAM block, QEMU's multi-source RamDiscardManager: a page is populated when every source has it
// populated. It plans (which pages change, which listener hears of what) and it keeps the books when a plan is committed.
import { PageBitmap } from './page-bitmap.ts';
import type { RamDiscardListener } from './ram-discard-listener.ts';
import type { RamDiscardSource, Uniformity } from './ram-discard-source.ts';
import { type Call, type Round, Rounds, roundOf } from './rounds.ts';
import type { RunBudget } from './run-budget.ts';
import { cutAll, type PageRange } from './section.ts';

/** What is to be done to one source. */
export interface Step {
  readonly source: RamDiscardSource;
  readonly range: PageRange;
  readonly populate: boolean;
  /** The pages of `range` that it sets, ascending, where those are not all. */
  readonly runs?: readonly PageRange[] | undefined;
}

/** What a step comes to. Nothing has changed yet. */
export interface Plan {
  readonly source: RamDiscardSource;
  readonly populate: boolean;
  readonly from: Uniformity;
  /** The pages of the source that change, as maximal runs. */
  readonly changed: readonly PageRange[];
  /** Those of them where all other sources are populated: what listeners hear of. */
  readonly effective: readonly PageRange[];
}

/** What several steps, one after the other, come to. */
export interface Rehearsal {
  /** Of each step, as the steps before it leave the block. */
  readonly plans: readonly Plan[];
  /** The most DMA mappings that a listener needs on the way, where any is limited and it is populated at all. */
  readonly peaks: ReadonlyMap<RamDiscardListener, number>;
}

const NO_CALLS: readonly Call[] = [];
const NO_PEAKS: Rehearsal['peaks'] = new Map();

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

  /** Plans one step. @param budget which the runs that change are taken from @throws Problem `too-many-runs` */
  plan({ source, range, populate, runs }: Step, budget?: RunBudget): Plan {
    const { bitmap } = source;
    const most = budget?.left;
    let changed: readonly PageRange[];
    if (runs !== undefined) changed = within(bitmap, runs, !populate, most);
    // Mostly all of it changes, and no list is needed to find that out.
    else changed = bitmap.next(range, populate) === range.end ? [range] : bitmap.listRuns(range, !populate, [], most);
    budget?.take(changed.length);
    let effective = changed;
    for (const other of this.#sourceList) {
      if (other !== source) effective = within(other.bitmap, effective, true, budget?.left);
    }
    // Another source may cut the runs into more.
    budget?.take(Math.max(0, effective.length - changed.length));
    const from = runs === undefined ? stateBefore(changed, range, populate) : source.stateOf(range);
    return { source, populate, from, changed, effective };
  }

  /**
   * Plans `steps`, each on top of those before it: does them, and undoes them before anybody can see it. Those of
   * different pages are the same in any order, and need not be done for it.
   * @throws Problem `too-many-runs`
   */
  rehearse(steps: readonly Step[], budget?: RunBudget): Rehearsal {
    const { hasMappingLimits } = this;
    if (!hasMappingLimits && areApart(steps, this.#length)) {
      return { plans: steps.map((step) => this.plan(step, budget)), peaks: NO_PEAKS };
    }
    const peaks = new Map<RamDiscardListener, number>();
    const plans: Plan[] = [];
    const flipped: Plan[] = [];
    try {
      for (const step of steps) {
        const before = plans.at(-1);
        if (before !== undefined) {
          this.#flip(before, before.populate);
          flipped.push(before);
        }
        const plan = this.plan(step, budget);
        plans.push(plan);
        if (!plan.populate || !hasMappingLimits) continue;
        for (const { listener, runs } of this.callsFor(plan.effective)) {
          const needed = listener.mappingsWith(this.populated, runs);
          peaks.set(listener, Math.max(needed, peaks.get(listener) ?? 0));
        }
      }
    } finally {
      for (const done of flipped.reverse()) this.#flip(done, !done.populate);
    }
    return { plans, peaks };
  }

  /**
   * What listeners hear of `plans`, one after the other.
   * @param budget which what each hears of each is taken from @throws Problem `too-many-runs`
   */
  rounds(plans: readonly Plan[], budget?: RunBudget): Round[] {
    if (this.#listeners.size === 0) return [];
    const callsFor = (runs: readonly PageRange[]): readonly Call[] => {
      const calls = this.callsFor(runs);
      budget?.takeCalls(calls);
      return calls;
    };
    const [only] = plans;
    if (only !== undefined && plans.length === 1) return roundOf(only.populate, callsFor(only.effective));
    const rounds = new Rounds();
    for (const { effective, populate } of plans) rounds.add(populate, callsFor(effective));
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

  commit(plan: Plan): void {
    this.#flip(plan, plan.populate);
    if (!plan.populate) for (const { listener, runs } of this.callsFor(plan.effective)) listener.forgetOwed(runs);
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

  /** Sets the pages that `plan` changes, or (to undo it) clears them, and counts with the listeners. */
  #flip({ source, changed, effective }: Plan, populate: boolean): void {
    const { populated } = this;
    const calls = this.callsFor(effective);
    if (populate) for (const { listener, runs } of calls) listener.notePopulated(populated, runs);
    fill(source.bitmap, changed, populate);
    if (populated !== source.bitmap) fill(populated, effective, populate);
    if (!populate) for (const { listener, runs } of calls) listener.noteDiscarded(populated, runs);
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

function fill(bitmap: PageBitmap, runs: readonly PageRange[], populate: boolean): void {
  for (const run of runs) {
    if (populate) bitmap.set(run);
    else bitmap.clear(run);
  }
}

/** Whether no two of `steps` share a page. @param length pages of the block */
function areApart(steps: readonly Step[], length: number): boolean {
  if (steps.length === 1) return true;
  // Numbers are sorted much faster than ranges: the ranges are apart where each of their ends comes before the next start.
  const Numbers = length < 2 ** 32 ? Uint32Array : Float64Array;
  const [starts, ends] = [new Numbers(steps.length), new Numbers(steps.length)];
  for (let index = 0; index < steps.length; index++) {
    const { start, end } = (steps[index] as Step).range;
    starts[index] = start;
    ends[index] = end;
  }
  starts.sort();
  ends.sort();
  for (let index = 1; index < steps.length; index++) if ((starts[index] ?? 0) < (ends[index - 1] ?? 0)) return false;
  return true;
}

/** The parts of `runs` that are populated (or not populated) in `bitmap`, maximal. @param most as `listRuns` has it */
function within(bitmap: PageBitmap, runs: readonly PageRange[], populated: boolean, most?: number): PageRange[] {
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
