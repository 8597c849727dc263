// What listeners hear of several changes that become true together: each in rounds of its own, one for every change of
// direction that it can see. What it is told is, page by page, what it would be told of the changes one by one.
import type { RamDiscardListener } from './ram-discard-listener.ts';
import { mergeRuns, type PageRange } from './section.ts';

/** One listener and the runs of its section that it is to be told of, ascending and maximal. */
export interface Call {
  readonly listener: RamDiscardListener;
  readonly runs: readonly PageRange[];
}

/** What each listener hears of next, newest listener first: of some it is discards, of others populates. */
export interface Round {
  readonly discards: readonly Call[];
  readonly populates: readonly Call[];
}

/** All calls of `rounds`. */
export function callsOf(rounds: readonly Round[]): readonly Call[] {
  const [only] = rounds;
  // Nearly always there is one round, of one kind: no list is made of that.
  if (only === undefined || rounds.length > 1) {
    return rounds.flatMap(({ discards, populates }) => [...discards, ...populates]);
  }
  const { discards, populates } = only;
  if (populates.length === 0) return discards;
  return discards.length === 0 ? populates : [...discards, ...populates];
}

/** What listeners hear of a single change, as nearly all are: no legs to tell apart, and nothing to merge. */
export function roundOf(populate: boolean, calls: readonly Call[]): Round[] {
  if (calls.length === 0) return [];
  return [populate ? { discards: [], populates: calls } : { discards: calls, populates: [] }];
}

interface Leg {
  readonly populate: boolean;
  readonly parts: (readonly PageRange[])[];
}

export class Rounds {
  readonly #legs = new Map<RamDiscardListener, Leg[]>();

  /** One change: `calls` hear that their runs are populated, or discarded. */
  add(populate: boolean, calls: readonly Call[]): void {
    for (const { listener, runs } of calls) {
      const legs = this.#legs.get(listener) ?? [];
      this.#legs.set(listener, legs);
      const last = legs.at(-1);
      if (last?.populate === populate) last.parts.push(runs);
      else legs.push({ populate, parts: [runs] });
    }
  }

  /** @param newestFirst all listeners of the block */
  inOrder(newestFirst: readonly RamDiscardListener[]): Round[] {
    const rounds: Round[] = [];
    for (let index = 0; ; index++) {
      const calls = (populate: boolean) => {
        return newestFirst.flatMap((listener) => callOf(listener, this.#legs.get(listener)?.[index], populate));
      };
      const round = { discards: calls(false), populates: calls(true) };
      if (round.discards.length + round.populates.length === 0) return rounds;
      rounds.push(round);
    }
  }
}

function callOf(listener: RamDiscardListener, leg: Leg | undefined, populate: boolean): Call[] {
  if (leg === undefined || leg.populate !== populate) return [];
  const [first, ...rest] = leg.parts;
  return [{ listener, runs: rest.length === 0 && first !== undefined ? first : mergeRuns(leg.parts.flat()) }];
}
