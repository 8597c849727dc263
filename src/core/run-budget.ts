// How much one change may be: its runs become JSON in one record of the journal, and lists in memory, before and after
// its listeners are told. Counted while it is planned, so that one that is too large ends before anybody is told.
import { Problem } from '../errors.ts';

/**
 * The runs of pages that one change may still turn and tell listeners of. A run counts once for the block, and once for
 * every listener that hears of it.
 */
export class RunBudget {
  readonly #limit: number;
  #left: number;

  /** @param limit runs (RBA_CHANGE_RUNS_LIMIT) */
  constructor(limit: number) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** Runs that may still be taken. */
  get left(): number {
    return this.#left;
  }

  /** Takes `runs` from what is left. @throws Problem `too-many-runs` when that is less */
  take(runs: number): void {
    this.#left -= runs;
    if (this.#left >= 0) return;
    const detail = `the change would turn, and tell listeners of, more than ${this.#limit} runs of pages, which is the limit of one change (RBA_CHANGE_RUNS_LIMIT; a run counts once for the block and once for each listener); make it in parts. Nothing was done`;
    throw new Problem('too-many-runs', detail, { limit: this.#limit });
  }

  /** Takes the runs of `calls` from what is left. @throws as {@link RunBudget.take} */
  takeCalls(calls: readonly { readonly runs: readonly unknown[] }[]): void {
    for (const { runs } of calls) this.take(runs.length);
  }
}
