// What chance decides, and decides again with the same seed.
import { seededRandom } from '../../src/cli/simulator/random.ts';

export class Chance {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** Whether something happens that does so with this probability. */
  is(probability: number): boolean {
    return this.#random() < probability;
  }

  /** @param choices not empty */
  pick<T>(choices: readonly T[]): T {
    // An index below the length is one of the list.
    return choices[this.below(choices.length)] as T;
  }
}
