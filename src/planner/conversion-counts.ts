// How many conversions there are, of which kind and size, and how fast they follow each other.
import type { ConversionTarget } from '../traces/trace-event.ts';
import type { PlanConversions } from './plan.ts';
import { TICKS_PER_SECOND, type TraceClock } from './trace-clock.ts';

/** One conversion, over all RAM blocks that it touches. */
export interface CountedConversion {
  readonly to: ConversionTarget;
  readonly bytes: number;
  readonly changedBytes: number;
  readonly wasMixture: boolean;
  /** RAM blocks. */
  readonly blocks: number;
}

interface SizeClass {
  toShared: number;
  toPrivate: number;
}

export class ConversionCounts {
  readonly #counts = { total: 0, changed: 0, unchanged: 0, mixed: 0, acrossBlocks: 0 };
  readonly #toShared = { conversions: 0, bytes: 0, changedBytes: 0 };
  readonly #toPrivate = { conversions: 0, bytes: 0, changedBytes: 0 };
  /** By the power of two that is not smaller. */
  readonly #sizes = new Map<number, SizeClass>();
  #second = { at: 0, conversions: 0 };
  #busiest = { at: 0, conversions: 0 };

  /** @param now ticks */
  note({ to, bytes, changedBytes, wasMixture, blocks }: CountedConversion, now: number): void {
    this.#counts.total++;
    this.#counts[changedBytes > 0 ? 'changed' : 'unchanged']++;
    if (wasMixture) this.#counts.mixed++;
    if (blocks > 1) this.#counts.acrossBlocks++;
    const direction = to === 'shared' ? this.#toShared : this.#toPrivate;
    direction.conversions++;
    direction.bytes += bytes;
    direction.changedBytes += changedBytes;
    const upTo = 2 ** Math.ceil(Math.log2(bytes));
    let size = this.#sizes.get(upTo);
    if (size === undefined) {
      size = { toShared: 0, toPrivate: 0 };
      this.#sizes.set(upTo, size);
    }
    size[to === 'shared' ? 'toShared' : 'toPrivate']++;
    const at = Math.floor(now / TICKS_PER_SECOND);
    if (at !== this.#second.at) this.#second = { at, conversions: 0 };
    this.#second.conversions++;
    if (this.#second.conversions > this.#busiest.conversions) this.#busiest = { ...this.#second };
  }

  get total(): number {
    return this.#counts.total;
  }

  summarize(clock: TraceClock): PlanConversions {
    const hasTime = clock.unit === 'seconds';
    const seconds = clock.toUnit(clock.now);
    return {
      ...this.#counts,
      toShared: this.#toShared,
      toPrivate: this.#toPrivate,
      perSecond: hasTime && seconds > 0 ? this.#counts.total / seconds : null,
      busiestSecond: hasTime && this.#counts.total > 0 ? this.#busiest : null,
      sizes: [...this.#sizes].toSorted(([a], [b]) => a - b).map(([upTo, counts]) => ({ upTo, ...counts })),
    };
  }
}
