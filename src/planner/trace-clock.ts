// The time of a trace: its own where it has one, else the number of the conversion. In whole ticks, so that nothing is
// lost in sums: microseconds, or conversions.
import type { TraceTime } from '../traces/trace-event.ts';
import type { PlanClock } from './plan.ts';

export const TICKS_PER_SECOND = 1_000_000;

export class TraceClock {
  /** The time of the first conversion, whose clock is that of the trace; null where it has none. */
  #zero: TraceTime | null = null;
  #conversions = 0;
  #now = 0;

  /**
   * The next conversion.
   * @returns ticks since the first one. They never go back: lines of several CPUs are not quite in order, and what has no
   *   time, or that of another clock, is of the time of the one before
   */
  tick(time: TraceTime | null): number {
    if (this.#conversions++ === 0) this.#zero = time;
    const zero = this.#zero;
    if (zero === null) this.#now = this.#conversions - 1;
    else if (time?.clock === zero.clock) {
      this.#now = Math.max(this.#now, Math.round((time.seconds - zero.seconds) * TICKS_PER_SECOND));
    }
    return this.#now;
  }

  /** Ticks since the first conversion. */
  get now(): number {
    return this.#now;
  }

  get unit(): PlanClock['unit'] {
    return this.#zero === null ? 'conversions' : 'seconds';
  }

  /** Ticks in {@link TraceClock.unit}. */
  toUnit(ticks: number): number {
    return this.#zero === null ? ticks : ticks / TICKS_PER_SECOND;
  }
}
