// Long work in slices: whoever has had the event loop for some milliseconds lets others have a turn. Only where nothing
// that the work looks at can change meanwhile.
import { setImmediate } from 'node:timers/promises';

/** Milliseconds that others wait at most, and the one step that is under way then. */
const SLICE_MS = 10;

export class Turns {
  readonly #elapsed: () => number;
  #since: number;

  /** @param elapsed milliseconds since some moment, on a clock that nobody sets */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
    this.#since = elapsed();
  }

  /** Whether the slice is over: {@link Turns.give} is due. */
  get isOver(): boolean {
    return this.#elapsed() - this.#since >= SLICE_MS;
  }

  /** Lets others have a turn; a new slice begins then. */
  async give(): Promise<void> {
    await setImmediate();
    this.#since = this.#elapsed();
  }
}
