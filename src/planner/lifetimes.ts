// How long memory stays shared: each range that turns private is counted by its age, in decades of ticks.

import type { PageRange } from '../core/section.ts';
import { MIN_PAGE_SIZE } from '../limits.ts';
import type { PlanLifetimes } from './plan.ts';
import type { PlannedBlock } from './planned-block.ts';
import { SharedRanges } from './shared-ranges.ts';

interface Decade {
  ranges: number;
  bytes: number;
}

export class Lifetimes {
  readonly #shared = new Map<PlannedBlock, SharedRanges>();
  /** Entry i is of ages below 10^i ticks. */
  readonly #decades: Decade[] = [];
  #tracked = 0;
  #ranges = 0;
  #bytes = 0;
  #sum = 0;
  #shortest = Number.POSITIVE_INFINITY;
  #longest = 0;

  /** Ranges that are shared now, as far as memory is concerned. */
  get tracked(): number {
    return this.#tracked;
  }

  /** `runs` (ascending) of `block`, all of which change, turn shared or private at `now` (ticks). */
  note(block: PlannedBlock, runs: readonly PageRange[], populate: boolean, now: number): void {
    let shared = this.#shared.get(block);
    if (shared === undefined) {
      shared = new SharedRanges();
      this.#shared.set(block, shared);
    }
    this.#tracked -= shared.size;
    for (const run of runs) {
      if (populate) shared.add(run, now);
      else shared.remove(run, (pages, since) => this.#end(pages, now - since));
    }
    this.#tracked += shared.size;
  }

  /** @param toUnit ticks to the unit of the plan's clock */
  summarize(toUnit: (ticks: number) => number): PlanLifetimes {
    let [stillSharedRanges, stillSharedBytes] = [0, 0];
    for (const shared of this.#shared.values()) {
      shared.forEach((pages) => {
        stillSharedRanges++;
        stillSharedBytes += pages * MIN_PAGE_SIZE;
      });
    }
    const histogram = this.#decades.map((decade, index) => ({ below: toUnit(10 ** index), ...decade }));
    return {
      ranges: this.#ranges,
      bytes: this.#bytes,
      shortest: this.#ranges === 0 ? null : toUnit(this.#shortest),
      longest: this.#ranges === 0 ? null : toUnit(this.#longest),
      mean: this.#ranges === 0 ? null : toUnit(this.#sum / this.#ranges),
      histogram: histogram.slice(
        Math.max(
          0,
          histogram.findIndex(({ ranges }) => ranges > 0),
        ),
      ),
      stillSharedRanges,
      stillSharedBytes,
    };
  }

  #end(pages: number, age: number): void {
    const bytes = pages * MIN_PAGE_SIZE;
    this.#ranges++;
    this.#bytes += bytes;
    this.#sum += age;
    this.#shortest = Math.min(this.#shortest, age);
    this.#longest = Math.max(this.#longest, age);
    let index = 0;
    while (age >= 10 ** index) index++;
    while (this.#decades.length <= index) this.#decades.push({ ranges: 0, bytes: 0 });
    const decade = this.#decades[index];
    if (decade === undefined) return;
    decade.ranges++;
    decade.bytes += bytes;
  }
}
