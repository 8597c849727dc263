// How often everything happened. A kind that never did is as bad as a failure: nothing was shown of it.

export class Figures {
  readonly #counts = new Map<string, number>();

  count(what: string, by = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + by);
  }

  of(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  /** Adds what `others` counted. */
  add(others: Figures): void {
    for (const [what, count] of others.#counts) this.count(what, count);
  }

  /** Those of `names` that never happened. */
  missing(names: readonly string[]): string[] {
    return names.filter((name) => this.of(name) === 0);
  }

  /** One line each, in the order of the names. */
  get text(): string {
    const rows = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1));
    const width = Math.max(0, ...rows.map(([what]) => what.length));
    return rows.map(([what, count]) => `${what.padEnd(width)}  ${count.toLocaleString('en')}`).join('\n');
  }
}
