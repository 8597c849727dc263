// One pool of connections per origin, given up when it was not used for a while: listeners come and go. undici's Agent
// does not do: it keeps the pool of an origin for ever once its last request was aborted, and a deadline aborts.
import { type Dispatcher, Pool } from 'undici';

interface Entry {
  readonly pool: Pool;
  /** Since it was last looked at. */
  isUsed: boolean;
}

export class OriginPools {
  readonly #open = new Map<string, Entry>();
  readonly #options: Pool.Options;
  readonly #idleMs: number;
  #sweeping: NodeJS.Timeout | undefined;
  #isDestroyed = false;

  /** @param idleMs milliseconds that a pool is kept without a request, or up to twice as long */
  constructor(options: Pool.Options, idleMs: number) {
    this.#options = options;
    this.#idleMs = idleMs;
  }

  /** Origins that connections are kept for. */
  get size(): number {
    return this.#open.size;
  }

  /** From then on nothing may be dispatched. */
  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  dispatch(
    options: Dispatcher.DispatchOptions & { readonly origin: string },
    handler: Dispatcher.DispatchHandler,
  ): void {
    let entry = this.#open.get(options.origin);
    if (entry === undefined) {
      entry = { pool: new Pool(options.origin, this.#options), isUsed: true };
      this.#open.set(options.origin, entry);
    }
    entry.isUsed = true;
    entry.pool.dispatch(options, handler);
    this.#sweeping ??= setInterval(() => this.#sweep(), this.#idleMs).unref();
  }

  /** Closes every connection, for good; what is under way ends with an error. */
  async destroy(): Promise<void> {
    this.#isDestroyed = true;
    const entries = [...this.#open.values()];
    this.#open.clear();
    this.#rest();
    await Promise.all(entries.map(({ pool }) => pool.destroy()));
  }

  #sweep(): void {
    for (const [origin, entry] of this.#open) {
      const { pool, isUsed } = entry;
      entry.isUsed = pool.stats.size > 0;
      if (isUsed || entry.isUsed) continue;
      this.#open.delete(origin);
      void pool.destroy();
    }
    if (this.#open.size === 0) this.#rest();
  }

  #rest(): void {
    clearInterval(this.#sweeping);
    this.#sweeping = undefined;
  }
}
