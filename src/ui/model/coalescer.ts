// Many reasons to do something, done as seldom as it may be: never twice at once, with a rest in between, and always once
// more after the last reason. However many events come in, this is what they cost.

export interface CoalescerOptions {
  /** Milliseconds between two runs at least; a run that takes longer is followed by as long a rest. */
  readonly restMs: number;
  readonly now?: () => number;
  readonly later?: (run: () => void, ms: number) => unknown;
  /** What a run failed with. It is not run again before there is another reason. */
  readonly onError?: (error: unknown) => void;
}

export class Coalescer {
  readonly #run: () => Promise<void>;
  readonly #restMs: number;
  readonly #now: () => number;
  readonly #later: (run: () => void, ms: number) => unknown;
  readonly #onError: (error: unknown) => void;
  #isAsked = false;
  #isBusy = false;
  #restsUntil = Number.NEGATIVE_INFINITY;

  constructor(run: () => Promise<void>, options: CoalescerOptions) {
    this.#run = run;
    this.#restMs = options.restMs;
    this.#now = options.now ?? (() => performance.now());
    this.#later = options.later ?? ((what, ms) => setTimeout(what, ms));
    this.#onError = options.onError ?? (() => {});
  }

  /** There is a reason: a run will begin after this. */
  ask(): void {
    this.#isAsked = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    const wait = this.#restsUntil - this.#now();
    if (wait <= 0) void this.#go();
    else this.#later(() => void this.#go(), wait);
  }

  async #go(): Promise<void> {
    this.#isAsked = false;
    const began = this.#now();
    try {
      await this.#run();
    } catch (error) {
      this.#onError(error);
    }
    const ended = this.#now();
    this.#restsUntil = ended + Math.max(this.#restMs, ended - began);
    this.#isBusy = false;
    if (this.#isAsked) this.ask();
  }
}
