// Values over time in a bounded number of steps: each step keeps the largest of each value, so that no peak is lost. The
// steps become twice as long whenever the time goes beyond the last one.

export class PeakSeries {
  readonly #columns: number;
  readonly #capacity: number;
  /** Step by step, all columns of each. */
  readonly #rows: Float64Array;
  /** The values since they were noted last. */
  readonly #current: Float64Array;
  #steps = 0;
  /** Ticks of a step. */
  #width = 1;

  /** @param capacity steps there may be, at least 1 */
  constructor(columns: number, capacity: number) {
    this.#columns = columns;
    this.#capacity = capacity;
    this.#rows = new Float64Array(columns * capacity);
    this.#current = new Float64Array(columns);
  }

  /** From `at` on (ticks, never less than before) these are the values. */
  note(at: number, values: Float64Array): void {
    while (Math.floor(at / this.#width) >= this.#capacity) this.#coarsen();
    const step = Math.floor(at / this.#width);
    // The old values hold at the beginning of each step that was reached meanwhile.
    for (; this.#steps <= step; this.#steps++) this.#rows.set(this.#current, this.#steps * this.#columns);
    const row = step * this.#columns;
    for (let column = 0; column < this.#columns; column++) {
      const value = values[column] ?? 0;
      this.#current[column] = value;
      this.#rows[row + column] = Math.max(this.#rows[row + column] ?? 0, value);
    }
  }

  /** Ticks of a step. */
  get width(): number {
    return this.#width;
  }

  column(column: number): number[] {
    return Array.from({ length: this.#steps }, (_, step) => this.#rows[step * this.#columns + column] ?? 0);
  }

  /** Makes one of every two steps. */
  #coarsen(): void {
    const before = this.#steps;
    this.#steps = Math.ceil(before / 2);
    this.#width *= 2;
    for (let step = 0; step < this.#steps; step++) {
      for (let column = 0; column < this.#columns; column++) {
        const first = this.#rows[2 * step * this.#columns + column] ?? 0;
        const second = 2 * step + 1 < before ? (this.#rows[(2 * step + 1) * this.#columns + column] ?? 0) : 0;
        this.#rows[step * this.#columns + column] = Math.max(first, second);
      }
    }
  }
}
