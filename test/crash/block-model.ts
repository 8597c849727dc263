// What a RAM block must be, from what was answered: one boolean a page and source, plain loops. Every change has its
// generation, so that the answers of all clients are in order; what the service kept is held against them one by one.
import assert from 'node:assert/strict';
import type { Conversion } from '../../src/service/views.ts';

export const PAGE = 4096;
/** Pages of one granule of the source beside RamBlockAttributes. */
export const GRANULE = 4;

type Pages = boolean[];

/** A change that the service kept and nobody was answered. */
export interface Unknown {
  readonly generation: number;
  readonly ids: readonly string[];
}

export class BlockModel {
  readonly id: string;
  readonly path: string;
  /** Pages that are shared, and pages that are plugged. */
  readonly #shared: Pages;
  readonly #plugged: Pages;
  /** What pages are at first: of a block without sources all are populated. */
  readonly #hasSources: boolean;
  /** All up to here is in the pages. */
  generation: number;
  /** The highest that any answer had. */
  #highest: number;
  /** What was answered of later generations: the steps of a change, or a length in pages. */
  readonly #answered = new Map<number, readonly Conversion[] | number>();
  /** Answers of no change, by the generation that they saw. */
  readonly #noOps = new Map<number, Conversion[]>();
  /** Everything that the history has had, by generation. */
  readonly #past = new Map<number, readonly Conversion[]>();
  readonly #ids = new Set<string>();

  /** A block that is private and plugged throughout, or has no sources. */
  constructor(id: string, pages: number, generation: number, hasSources = true) {
    this.#hasSources = hasSources;
    this.id = id;
    this.path = `/v1/ram-blocks/${id}`;
    this.#shared = new Array(pages).fill(!hasSources);
    this.#plugged = new Array(pages).fill(true);
    this.generation = generation;
    this.#highest = generation;
  }

  get hasSources(): boolean {
    return this.#hasSources;
  }

  get pages(): number {
    return this.#shared.length;
  }

  /** One answer: the steps of one change, or of none where no step has an id. */
  noteSteps(steps: readonly Conversion[]): void {
    const [first] = steps;
    if (first === undefined) return;
    const { generation } = first;
    this.#highest = Math.max(this.#highest, generation);
    if (steps.every(({ id }) => id === null)) {
      if (generation >= this.generation)
        this.#noOps.set(generation, [...(this.#noOps.get(generation) ?? []), ...steps]);
    } else if (generation <= this.generation) {
      // It was done before the crash, and its answer comes now.
      assert.deepEqual(changing(steps), this.#past.get(generation), 'an answer that is repeated is what was done');
    } else {
      assert.ok(!this.#answered.has(generation), `${this.id}: two changes have generation ${generation}`);
      this.#answered.set(generation, steps);
    }
  }

  noteResize(generation: number, pages: number): void {
    this.#highest = Math.max(this.#highest, generation);
    assert.ok(!this.#answered.has(generation), `${this.id}: two changes have generation ${generation}`);
    this.#answered.set(generation, pages);
  }

  /**
   * Goes on to what the service kept.
   * @param history all conversions behind `generation` of the model, oldest first
   * @param openResize the pages of a resize of which no answer came
   * @returns the changes that nobody was answered
   */
  catchUp(generation: number, history: readonly Conversion[], openResize: number | null): Unknown[] {
    const where = `${this.id}: generation ${generation} is kept, ${this.#highest} was answered`;
    assert.ok(generation >= this.#highest, where);
    const kept = Map.groupBy(history, (conversion) => conversion.generation);
    const unknown: Unknown[] = [];
    let resize = openResize;
    this.#checkNoOps();
    while (this.generation < generation) {
      const next = ++this.generation;
      const steps = kept.get(next);
      const answered = this.#answered.get(next);
      this.#answered.delete(next);
      kept.delete(next);
      if (steps !== undefined) {
        assert.ok(typeof answered !== 'number', `${this.id}: generation ${next} was answered as a resize`);
        if (answered === undefined) unknown.push({ generation: next, ids: idsOf(steps) });
        else assert.deepEqual(changing(answered), steps, `${this.id}: generation ${next} is not what was answered`);
        this.#keep(next, steps);
        for (const step of answered ?? steps) this.#apply(step);
      } else {
        assert.ok(answered === undefined || typeof answered === 'number', `${this.id}: ${next} is not in the history`);
        const pages = answered ?? resize;
        assert.ok(pages !== null, `${this.id}: nobody asked for generation ${next}`);
        if (answered === undefined) {
          unknown.push({ generation: next, ids: [] });
          resize = null;
        }
        this.#resize(pages);
      }
      this.#checkNoOps();
    }
    assert.equal(kept.size, 0, `${this.id}: the history has generations that the block has not`);
    this.#highest = generation;
    return unknown;
  }

  /** As the bitmap of a source, or (`null`) of all. */
  bitmap(source: 'shared' | 'plugged' | null): Pages {
    if (source === 'shared') return this.#shared;
    return source === 'plugged' ? this.#plugged : this.#shared.map((shared, page) => shared && !!this.#plugged[page]);
  }

  #keep(generation: number, steps: readonly Conversion[]): void {
    this.#past.set(generation, steps);
    for (const id of idsOf(steps)) {
      assert.ok(!this.#ids.has(id), `${this.id}: ${id} is in the history twice`);
      this.#ids.add(id);
    }
  }

  #apply(step: Conversion): void {
    const { pages, populate, start, end } = this.#rangeOf(step);
    const runs = runsOf(pages, start, end, !populate);
    const bytes = runs.reduce((sum, { size }) => sum + size, 0);
    const where = `${this.id}: conversion ${step.id} of generation ${step.generation}`;
    assert.equal(step.id === null, bytes === 0, `${where} changed what was so already, or nothing that was not`);
    assert.equal(step.changedBytes, bytes, where);
    assert.deepEqual(step.changed, runs, where);
    const [wanted, other] = this.#isOfAttributes(step) ? ['shared', 'private'] : ['populated', 'discarded'];
    const before = bytes === step.size ? !populate : bytes === 0 ? populate : null;
    assert.equal(step.from, before === null ? 'mixture' : before ? wanted : other, where);
    pages.fill(populate, start, end);
  }

  /** Who was told that there was nothing to do asked for what was so then. */
  #checkNoOps(): void {
    for (const step of this.#noOps.get(this.generation) ?? []) this.#apply(step);
    this.#noOps.delete(this.generation);
  }

  #resize(pages: number): void {
    for (const source of [this.#shared, this.#plugged]) {
      const before = source.length;
      source.length = pages;
      if (pages > before) source.fill(!this.#hasSources, before);
    }
  }

  #isOfAttributes({ to }: Conversion): boolean {
    return to === 'shared' || to === 'private';
  }

  #rangeOf(step: Conversion) {
    const pages = this.#isOfAttributes(step) ? this.#shared : this.#plugged;
    const start = step.offset / PAGE;
    const end = start + step.size / PAGE;
    assert.ok(end <= pages.length, `${this.id}: conversion ${step.id} reaches beyond the block`);
    return { pages, populate: step.to === 'shared' || step.to === 'populated', start, end };
  }
}

/** The maximal runs of `pages` in the window that are `wanted`; bytes. */
export function runsOf(pages: Pages, start: number, end: number, wanted: boolean): { offset: number; size: number }[] {
  const runs: { offset: number; size: number }[] = [];
  for (let page = start; page < end; page++) {
    if (pages[page] !== wanted) continue;
    const last = runs.at(-1);
    if (last !== undefined && last.offset + last.size === page * PAGE) last.size += PAGE;
    else runs.push({ offset: page * PAGE, size: PAGE });
  }
  return runs;
}

function changing(steps: readonly Conversion[]): Conversion[] {
  return steps.filter(({ id }) => id !== null);
}

function idsOf(steps: readonly Conversion[]): string[] {
  return steps.flatMap(({ id }) => id ?? []);
}
