// The timers of this process in the hands of whoever explores: nothing fires by itself, and what waits is to be seen.
// Real are only setImmediate, and the clocks, which nothing here depends on.
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

/** One timer that waits. A pause ends a wait of the service's own making, a limit cuts off something that took too long. */
export interface Wait {
  readonly kind: 'pause' | 'limit';
  /** The step with which it began. */
  readonly cause: string;
  /** When it would be over by itself, milliseconds on the clock of {@link SimulatedTime}. */
  readonly due: number;
  readonly fire: () => void;
}

export class SimulatedTime {
  /** The last step that was taken: whatever begins to wait now does so because of it. */
  cause = '';
  /** Milliseconds; only whoever explores or simulates moves it on. */
  now = 0;
  /** What the process wants to do again and again. */
  readonly intervals = new Set<() => void>();
  readonly #waits = new Set<Wait>();
  readonly #original = { setTimeout, clearTimeout, setInterval, clearInterval, pause: timers.setTimeout };

  /** In the order in which they were set. */
  get waits(): readonly Wait[] {
    return [...this.#waits];
  }

  /** Takes the timers of this process over, those of modules that are loaded already included. */
  install(): void {
    const set = (task: () => void, ms = 0): object => {
      const wait: Wait = {
        kind: 'limit',
        cause: this.cause,
        due: this.now + ms,
        fire: () => {
          this.#waits.delete(wait);
          task();
        },
      };
      this.#waits.add(wait);
      return wait;
    };
    const clear = (wait: Wait | undefined): void => {
      if (wait !== undefined) this.#waits.delete(wait);
    };
    const every = (task: () => void): object => {
      this.intervals.add(task);
      const interval = { task, unref: () => interval, ref: () => interval };
      return interval;
    };
    Object.assign(globalThis, {
      setTimeout: set,
      clearTimeout: clear,
      setInterval: every,
      clearInterval: (interval: { task: () => void } | undefined) => interval && this.intervals.delete(interval.task),
    });
    const pause = (ms: number, value: unknown, options?: { signal?: AbortSignal }) =>
      this.#pause(ms, value, options?.signal);
    Object.assign(timers, { setTimeout: pause });
    syncBuiltinESMExports();
  }

  /** Gives the timers back. */
  restore(): void {
    const { pause, ...globals } = this.#original;
    Object.assign(globalThis, globals);
    Object.assign(timers, { setTimeout: pause });
    syncBuiltinESMExports();
    this.clear();
  }

  /** Forgets all that waits: the process that waited is no more. */
  clear(): void {
    this.#waits.clear();
    this.intervals.clear();
  }

  #pause(ms: number, value: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waits.delete(wait);
        signal?.removeEventListener('abort', aborted);
      };
      const aborted = (): void => {
        end();
        reject(signal?.reason);
      };
      const wait: Wait = {
        kind: 'pause',
        cause: this.cause,
        due: this.now + ms,
        fire: () => {
          end();
          resolve(value);
        },
      };
      signal?.addEventListener('abort', aborted, { once: true });
      this.#waits.add(wait);
    });
  }
}

/** Resolves when everything that can go on by itself has: microtasks, and what they lead to. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
