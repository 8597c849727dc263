// What is done in one history, made of its seed alone: commands and faults, each with a seed of its own, so that what is
// left does the same when others are cut out.
import { Chance } from '../fuzz/chance.ts';
import { KINDS, type Kind } from './requests.ts';

/** Beside what clients ask for: what goes wrong, and what people do. Weights, as of the commands. */
export const HAPPENINGS = {
  mood: 14,
  weather: 2,
  crash: 1.5,
  'crash after a delivery': 5,
  'crash after a commit': 1.5,
  'journal breaks': 1.5,
  'journal breaks after a delivery': 3,
  restart: 0.4,
  'client leaves': 2,
  'asked again': 6,
  'asked otherwise': 0.6,
  calm: 1,
  'a day passes': 0.2,
} as const;
export type Happening = keyof typeof HAPPENINGS;

export interface Item {
  readonly what: Kind | Happening;
  readonly seed: number;
  /** How many things happen until the next. */
  readonly steps: number;
}

/** Items of one history. */
export const HISTORY_LENGTH = 1200;

const WEIGHTS = Object.entries({ ...KINDS, ...HAPPENINGS }) as [Item['what'], number][];
/** Always there: nothing comes of a history without. */
const NEEDED: readonly Item['what'][] = ['create block', 'register sync', 'convert', 'mood'];

/**
 * Makes the script of a history. In each some kinds are frequent, some rare and some missing: what takes a long quiet time
 * between two changes of the one kind never comes about where everything happens all the time.
 */
export function scriptOf(seed: number, length = HISTORY_LENGTH): Item[] {
  const chance = new Chance(seed);
  const weights = WEIGHTS.map(([what, weight]): [Item['what'], number] => {
    return [what, weight * chance.pick(NEEDED.includes(what) ? [1, 3] : [0, 0.3, 1, 2])];
  });
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  // At first, so that there is something.
  const first: Item['what'][] = ['create block', 'create block', 'register sync', 'register sync', 'register sync'];
  return Array.from({ length }, (_, index): Item => {
    const what = first[index] ?? weighted(chance, weights, total);
    // Bursts of commands at once, and pauses.
    const steps = chance.is(0.4) ? 0 : chance.is(0.85) ? chance.below(8) : chance.below(60);
    return { what, seed: chance.below(2 ** 32), steps };
  });
}

function weighted(chance: Chance, weights: readonly [Item['what'], number][], total: number): Item['what'] {
  let at = (chance.below(2 ** 30) / 2 ** 30) * total;
  for (const [what, weight] of weights) {
    at -= weight;
    if (at < 0) return what;
  }
  return 'convert';
}
