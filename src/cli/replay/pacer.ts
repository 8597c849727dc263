// Holds conversions back until their time in the trace, at a multiple of its speed.

import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_TIMER_MS } from '../../limits.ts';
import type { TraceTime } from '../../traces/trace-event.ts';

/** Milliseconds; timers are not finer, and a wait below it would cost more than it waits. */
const SHORTEST_WAIT = 1;

export interface PacerClock {
  /** Milliseconds since any moment. */
  now(): number;
  sleep(milliseconds: number): Promise<unknown>;
}

const systemClock: PacerClock = { now: () => performance.now(), sleep };

export class Pacer {
  readonly #speed: number | null;
  readonly #clock: PacerClock;
  /** Per clock of the trace: the wall time, in milliseconds, at which its second 0 would have been. */
  readonly #zero = new Map<TraceTime['clock'], number>();

  /** @param speed 1 = as recorded, 10 = ten times as fast; null = without waiting */
  constructor(speed: number | null, clock: PacerClock = systemClock) {
    this.#speed = speed;
    this.#clock = clock;
  }

  /** Waits until it is time. What has no time, and what is late, follows at once. */
  async until(time: TraceTime | null): Promise<void> {
    if (this.#speed === null || time === null) return;
    const sinceZero = (time.seconds * 1000) / this.#speed;
    const zero = this.#zero.get(time.clock);
    if (zero === undefined) {
      this.#zero.set(time.clock, this.#clock.now() - sinceZero);
      return;
    }
    let wait = zero + sinceZero - this.#clock.now();
    while (wait >= SHORTEST_WAIT) {
      await this.#clock.sleep(Math.min(wait, MAX_TIMER_MS));
      wait = zero + sinceZero - this.#clock.now();
    }
  }
}
