// How things are measured here: alternating rounds in one run, and medians. Absolute times say something about this
// machine; the ratio says something about the code.

/** One line of the table, and of the JSON. */
export interface Figure {
  readonly id: string;
  readonly what: string;
  readonly value: number;
  /** What it is compared with, in the same unit. */
  readonly yardstick: number;
  readonly unit: string;
  /** value / yardstick. */
  readonly ratio: number;
  readonly reach: string;
  readonly holds: boolean;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Runs both in turn, `rounds` times. @returns the median milliseconds of each */
export function alternate(rounds: number, a: () => void, b: () => void): [number, number] {
  const times: [number[], number[]] = [[], []];
  const time = (run: () => void, into: number[]): void => {
    const start = performance.now();
    run();
    into.push(performance.now() - start);
  };
  for (let round = 0; round < rounds; round++) {
    time(a, times[0]);
    time(b, times[1]);
  }
  return [median(times[0]), median(times[1])];
}
