// Ends a delivery that is not answered: at its deadline, or that it is called off. Without a timer and an AbortSignal for
// each delivery: those, and listeners that are added and removed, would cost as much as its signature.
import { setTimeout as delay } from 'node:timers/promises';

/** Deliveries that are under way: by the signal that calls them off, and by how long they may take. */
export class UnderWay {
  readonly #bySignal = new WeakMap<AbortSignal, Set<Limits>>();
  readonly #byTimeout = new Map<number, Deadlines>();

  /** Limits of a delivery that begins; {@link Limits.lift} ends them. */
  begin(timeoutMs: number, signal: AbortSignal): Limits {
    let calledOffTogether = this.#bySignal.get(signal);
    if (calledOffTogether === undefined) {
      calledOffTogether = follow(signal);
      this.#bySignal.set(signal, calledOffTogether);
    }
    let deadlines = this.#byTimeout.get(timeoutMs);
    if (deadlines === undefined) {
      deadlines = new Deadlines(timeoutMs);
      this.#byTimeout.set(timeoutMs, deadlines);
    }
    const limits = new Limits(deadlines, calledOffTogether);
    if (signal.aborted) limits.callOff();
    return limits;
  }
}

/** Calls to end when `signal` aborts. One listener for all: it looks through all that it has whenever one is added or removed. */
function follow(signal: AbortSignal): Set<Limits> {
  const all = new Set<Limits>();
  signal.addEventListener('abort', () => {
    for (const limits of all) limits.callOff();
  });
  return all;
}

/** The deadlines of deliveries that may take equally long. One timer for all: nearly all are over long before. */
class Deadlines {
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** In the order in which they are due. */
  readonly #all = new Set<Limits>();
  #timer: NodeJS.Timeout | null = null;

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  add(limits: Limits): void {
    this.#all.add(limits);
    this.#timer ??= this.#lookAfter(this.timeoutMs);
  }

  delete(limits: Limits): void {
    this.#all.delete(limits);
  }

  #look(): void {
    this.#timer = null;
    const now = performance.now();
    for (const limits of this.#all) {
      if (limits.deadline > now) {
        this.#timer = this.#lookAfter(limits.deadline - now);
        return;
      }
      this.#all.delete(limits);
      limits.expire();
    }
  }

  /** Keeps no process up: the connection of a delivery does. */
  #lookAfter(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => this.#look(), milliseconds).unref();
  }
}

/** The limits of one delivery. */
export class Limits {
  /** On the clock of `performance`. */
  readonly deadline: number;
  /** Called when one is reached; there is one thing at a time that waits. */
  onReached: () => void = () => undefined;
  #reached: 'deadline' | 'called off' | null = null;
  readonly #deadlines: Deadlines;
  readonly #calledOffTogether: Set<Limits>;

  constructor(deadlines: Deadlines, calledOffTogether: Set<Limits>) {
    this.deadline = performance.now() + deadlines.timeoutMs;
    this.#deadlines = deadlines;
    this.#calledOffTogether = calledOffTogether;
    deadlines.add(this);
    calledOffTogether.add(this);
  }

  /** Milliseconds that the delivery may take. */
  get timeoutMs(): number {
    return this.#deadlines.timeoutMs;
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

  expire(): void {
    this.#reach('deadline');
  }

  /** Resolves after so many milliseconds, or when a limit is reached. */
  async wait(milliseconds: number): Promise<void> {
    const reached = new AbortController();
    this.onReached = () => reached.abort();
    await delay(milliseconds, undefined, { signal: reached.signal }).catch(() => undefined);
  }

  /** The delivery is over. */
  lift(): void {
    this.#deadlines.delete(this);
    this.#calledOffTogether.delete(this);
  }

  #reach(limit: 'deadline' | 'called off'): void {
    if (this.#reached !== null) return;
    this.#reached = limit;
    this.onReached();
  }
}
