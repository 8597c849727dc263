// What a bitmap would be after the steps of a batch: the ranges that they set lie over it, and the bitmap stays as it is. So
// steps over the whole of a block, one after the other, cost one look at the block in all, and nothing has to be undone.
import type { PageBitmap } from './page-bitmap.ts';
import { cut, type PageRange } from './section.ts';

/** What planning asks of a bitmap. */
export type Pages = Pick<PageBitmap, 'next' | 'listRuns'>;

interface Staged extends PageRange {
  readonly populated: boolean;
}

export class StagedPages implements Pages {
  readonly #base: Pages;
  /** Ascending and disjoint. */
  #staged: Staged[] = [];

  constructor(base: Pages) {
    this.#base = base;
  }

  /** The ranges that were staged, ascending: what their pages are now. */
  get staged(): readonly Staged[] {
    return this.#staged;
  }

  /** Stages that the pages of `runs`, which ascend, are populated, or are not. */
  fill(runs: readonly PageRange[], populated: boolean): void {
    const [only] = runs;
    if (only !== undefined && runs.length === 1) this.#fillOne({ ...only, populated });
    else if (runs.length > 1) this.#fillAll(runs, populated);
  }

  next(range: PageRange, populated: boolean): number {
    for (const part of this.#parts(range)) {
      if (part.populated === populated) return part.start;
      if (part.populated !== null) continue;
      const page = this.#base.next(part, populated);
      if (page < part.end) return page;
    }
    return range.end;
  }

  listRuns(range: PageRange, populated: boolean, found: PageRange[] = [], most?: number): PageRange[] {
    for (const part of this.#parts(range)) {
      const first = found.length;
      if (part.populated === null) this.#base.listRuns(part, populated, found, most);
      else if (part.populated === populated) found.push({ start: part.start, end: part.end });
      join(found, first);
      if (most !== undefined && found.length > most) break;
    }
    return found;
  }

  #fillOne(run: Staged): void {
    const first = this.#firstBehind(run.start);
    let last = first;
    while ((this.#staged[last]?.start ?? run.end) < run.end) last++;
    const kept: Staged[] = [run];
    const [left, right] = [this.#staged[first], this.#staged[last - 1]];
    if (last > first && left !== undefined && left.start < run.start) kept.unshift({ ...left, end: run.start });
    if (last > first && right !== undefined && right.end > run.end) kept.push({ ...right, start: run.end });
    this.#staged.splice(first, last - first, ...kept);
  }

  /** In one pass over what is staged, however many runs there are. */
  #fillAll(runs: readonly PageRange[], populated: boolean): void {
    const merged: Staged[] = [];
    let at = 0;
    /** Takes over what was staged up to `end`, from where the last run ended. */
    const takeUpTo = (start: number, end: number): void => {
      for (; at < this.#staged.length; at++) {
        const each = this.#staged[at] as Staged;
        if (each.start >= end) return;
        const part = cut(each, { start, end });
        if (part !== null) merged.push({ ...part, populated: each.populated });
        if (each.end > end) return;
      }
    };
    let start = 0;
    for (const run of runs) {
      takeUpTo(start, run.start);
      merged.push({ start: run.start, end: run.end, populated });
      start = run.end;
    }
    takeUpTo(start, Number.POSITIVE_INFINITY);
    this.#staged = merged;
  }

  /** `range` in parts: each is staged as one thing, or (null) is as the bitmap below has it. */
  *#parts({ start, end }: PageRange): Generator<PageRange & { readonly populated: boolean | null }> {
    let page = start;
    for (let index = this.#firstBehind(start); page < end; index++) {
      const staged = this.#staged[index];
      const from = Math.min(staged?.start ?? end, end);
      if (page < from) yield { start: page, end: from, populated: null };
      if (staged === undefined || from === end) return;
      page = Math.min(staged.end, end);
      yield { start: Math.max(staged.start, start), end: page, populated: staged.populated };
    }
  }

  /** The first of what is staged that ends behind `page`. */
  #firstBehind(page: number): number {
    let [low, high] = [0, this.#staged.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#staged[middle] as Staged).end > page) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Makes one of the runs before and at `index`, where the one begins at the end of the other. */
function join(runs: PageRange[], index: number): void {
  const [before, behind] = [runs[index - 1], runs[index]];
  if (before === undefined || behind === undefined || before.end !== behind.start) return;
  runs.splice(index - 1, 2, { start: before.start, end: behind.end });
}

/** Returns the parts of `runs` that lie in `others`; both ascend. @param most as `listRuns` has it */
export function intersect(
  runs: readonly PageRange[],
  others: readonly PageRange[],
  most: number = Number.POSITIVE_INFINITY,
): PageRange[] {
  const found: PageRange[] = [];
  for (const run of runs) {
    let [low, high] = [0, others.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((others[middle] as PageRange).end > run.start) high = middle;
      else low = middle + 1;
    }
    for (let index = low; found.length <= most; index++) {
      const other = others[index];
      const part = other === undefined ? null : cut(run, other);
      if (part === null) break;
      found.push(part);
    }
  }
  return found;
}
