// How things are measured here: what is compared runs in turn, in short rounds, in one run. Absolute numbers say something
// about the machine and its other users; the ratio of two neighbouring rounds says something about the code.

/** One line of the table, and of the JSON. */
export interface Figure {
  readonly id: string;
  readonly what: string;
  readonly value: number;
  /** What it is compared with, in the same unit. */
  readonly yardstick: number;
  readonly unit: string;
  /** The median of value / yardstick over the rounds; so not exactly the quotient of the two medians shown. */
  readonly ratio: number;
  readonly reach: string;
  /** Whether the ratio is within reach; null where a figure is only shown. */
  readonly holds: boolean | null;
}

/** How much of everything is done. */
export interface Scale {
  /** Odd, and at least five. */
  readonly rounds: number;
  /** Milliseconds that one round of a load lasts, and that it runs before anything is measured. */
  readonly windowMs: number;
  readonly warmUpMs: number;
  /** Of counts that the full run takes as they are: 1 there, below it for --quick. */
  readonly share: number;
  /** Whether the load generator never sleeps, and so takes a processor for itself. */
  readonly isAwake: boolean;
}

/** Many short rounds rather than few long ones: what else the machine does meanwhile meets neighbours alike. */
export const FULL: Scale = { rounds: 21, windowMs: 400, warmUpMs: 3000, share: 1, isAwake: false };
export const QUICK: Scale = { rounds: 9, windowMs: 120, warmUpMs: 700, share: 0.05, isAwake: false };

/** What a figure is about; `unit` is of value and yardstick alike. */
export interface About {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
}

export type Reach = { readonly atLeast: number } | { readonly atMost: number } | null;

/** The figure that comes of the samples of paired rounds. */
export function figure(about: About, values: readonly number[], yardsticks: readonly number[], reach: Reach): Figure {
  const ratio = median(values.map((value, round) => value / (yardsticks[round] ?? Number.NaN)));
  return { ...about, value: median(values), yardstick: median(yardsticks), ratio, ...judged(ratio, reach) };
}

function judged(ratio: number, reach: Reach): Pick<Figure, 'reach' | 'holds'> {
  if (reach === null) return { reach: '', holds: null };
  if ('atLeast' in reach) return { reach: `at least ${reach.atLeast}`, holds: ratio >= reach.atLeast };
  return { reach: `at most ${reach.atMost}`, holds: ratio <= reach.atMost };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Takes a sample of each in turn, `rounds` times; every other round backwards, so that nobody is always first. */
export async function alternate<Name extends string, Sample>(
  rounds: number,
  measured: Readonly<Record<Name, () => Sample | Promise<Sample>>>,
): Promise<Record<Name, Sample[]>> {
  const names = Object.keys(measured) as Name[];
  // Object.fromEntries forgets which names there are.
  const samples = Object.fromEntries(names.map((name) => [name, [] as Sample[]])) as Record<Name, Sample[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) samples[name].push(await measured[name]());
  }
  return samples;
}

/**
 * What a second brings when each of so many at once takes the median time. Counted over a window it would be what the
 * machine left over for us: while others use it, now and then a thread waits for a processor as long as for a hundred
 * requests, and the next window has better luck. The median does not see that.
 */
export function rateAt(medianMs: number, atOnce: number): number {
  return (atOnce * 1000) / medianMs;
}

/** Milliseconds that `run` takes. */
export function timed(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

/** `count` of the full run at this scale, rounded to a multiple of `step`, and at least that. */
export function scaled(count: number, { share }: Scale, step = 1): number {
  return Math.max(step, Math.round((count * share) / step) * step);
}
