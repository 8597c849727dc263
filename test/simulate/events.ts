// What will happen in a simulation, in the order of its times: the timers of the process, and what is on its way outside
// of it. The clock jumps from one to the next.
import type { SimulatedTime } from '../model/simulated-time.ts';

interface Coming {
  readonly due: number;
  /** Goes with the process: a crash ends it. */
  readonly isOfProcess: boolean;
  readonly happen: () => void;
}

export class Events {
  readonly #time: SimulatedTime;
  readonly #coming = new Set<Coming>();

  constructor(time: SimulatedTime) {
    this.#time = time;
  }

  get now(): number {
    return this.#time.now;
  }

  /** Whether anything is to come. */
  get isQuiet(): boolean {
    return this.#coming.size + this.#time.waits.length === 0;
  }

  /** Lets something happen in so many milliseconds. */
  after(ms: number, happen: () => void, isOfProcess = false): void {
    this.#coming.add({ due: this.now + ms, happen, isOfProcess });
  }

  /** Forgets what the process has on its way within itself. */
  endProcess(): void {
    this.#time.clear();
    for (const one of this.#coming) if (one.isOfProcess) this.#coming.delete(one);
  }

  /** Goes on to what comes next. @returns false when nothing does */
  next(): boolean {
    let first: Coming | null = null;
    for (const one of this.#coming) if (first === null || one.due < first.due) first = one;
    const [wait] = this.#time.waits.toSorted((a, b) => a.due - b.due);
    if (wait !== undefined && (first === null || wait.due <= first.due)) {
      this.#goTo(wait.due);
      wait.fire();
      return true;
    }
    if (first === null) return false;
    this.#coming.delete(first);
    this.#goTo(first.due);
    first.happen();
    return true;
  }

  #goTo(due: number): void {
    this.#time.now = Math.max(this.#time.now, due);
  }
}
