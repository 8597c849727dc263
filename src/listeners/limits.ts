// What ends a delivery that is not answered: its deadline, or that it is called off. Not an AbortSignal for each delivery:
// to make one, and to add and remove its listeners, costs more than the timer.

/** Deliveries that are under way, by the signal that calls them off. */
export class UnderWay {
  readonly #bySignal = new WeakMap<AbortSignal, Set<Limits>>();

  /** Limits of a delivery that begins; {@link Limits.lift} ends them. */
  begin(timeoutMs: number, signal: AbortSignal): Limits {
    let all = this.#bySignal.get(signal);
    if (all === undefined) {
      all = this.#follow(signal);
      this.#bySignal.set(signal, all);
    }
    const limits = new Limits(timeoutMs, all);
    if (signal.aborted) limits.callOff();
    return limits;
  }

  /** One listener for all: a signal looks through all that it has whenever one is added or removed. */
  #follow(signal: AbortSignal): Set<Limits> {
    const all = new Set<Limits>();
    signal.addEventListener('abort', () => {
      for (const limits of all) limits.callOff();
    });
    return all;
  }
}

/** The limits of one delivery. */
export class Limits {
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** Called when one is reached; there is one thing at a time that waits. */
  onReached: () => void = () => undefined;
  #reached: 'deadline' | 'called off' | null = null;
  readonly #timer: NodeJS.Timeout;
  readonly #all: Set<Limits>;

  /** @param all that are called off together; this is one of them until it is lifted */
  constructor(timeoutMs: number, all: Set<Limits> = new Set()) {
    this.timeoutMs = timeoutMs;
    this.#all = all.add(this);
    this.#timer = setTimeout(() => this.#reach('deadline'), timeoutMs);
  }

  /** Nothing may be sent any more. */
  get isReached(): boolean {
    return this.#reached !== null;
  }

  /** The deadline is over. */
  get isLate(): boolean {
    return this.#reached === 'deadline';
  }

  callOff(): void {
    this.#reach('called off');
  }

  /** Resolves after so many milliseconds, or when a limit is reached. */
  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.onReached = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** The delivery is over. */
  lift(): void {
    clearTimeout(this.#timer);
    this.#all.delete(this);
  }

  #reach(limit: 'deadline' | 'called off'): void {
    if (this.#reached !== null) return;
    this.#reached = limit;
    this.onReached();
  }
}
