// What listeners hear of several changes that become true together: in which order, and how much of it at once.
import { describe, expect, it } from 'vitest';
import { RamDiscardListener } from '../../src/core/ram-discard-listener.ts';
import { callsOf, Rounds, roundOf } from '../../src/core/rounds.ts';
import type { PageRange } from '../../src/core/section.ts';
import { listenerDefinition, PAGE } from '../support/listener-definitions.ts';

const [old, middle, newest] = ['old', 'middle', 'newest'].map(
  (id) =>
    new RamDiscardListener(listenerDefinition({ id }), { usedLength: 64 * PAGE, maxLength: 64 * PAGE, pageSize: PAGE }),
) as [RamDiscardListener, RamDiscardListener, RamDiscardListener];
const NEWEST_FIRST = [newest, middle, old];

const pages = (start: number, end: number): PageRange => ({ start, end });
const hears = (listener: RamDiscardListener, ...runs: PageRange[]) => ({ listener, runs });

describe('Rounds.inOrder', () => {
  it('has no round where nobody hears of anything', () => {
    expect(new Rounds().inOrder(NEWEST_FIRST)).toEqual([]);
  });

  it('calls the newest listener first, in whichever order they were added', () => {
    const rounds = new Rounds();
    rounds.add(true, [hears(old, pages(0, 1)), hears(newest, pages(0, 1)), hears(middle, pages(0, 1))]);
    const [round, ...more] = rounds.inOrder(NEWEST_FIRST);
    expect(round?.populates.map(({ listener }) => listener.id)).toEqual(['newest', 'middle', 'old']);
    expect(round?.discards).toEqual([]);
    expect(more).toEqual([]);
  });

  it('merges changes of one direction into one call, as maximal runs in ascending order', () => {
    const rounds = new Rounds();
    rounds.add(true, [hears(old, pages(8, 9))]);
    rounds.add(true, [hears(old, pages(0, 1), pages(4, 5))]);
    rounds.add(true, [hears(old, pages(1, 2))]);
    expect(rounds.inOrder(NEWEST_FIRST)).toEqual([
      { discards: [], populates: [hears(old, pages(0, 2), pages(4, 5), pages(8, 9))] },
    ]);
  });

  it('begins a new round with each change of direction that the listener hears of', () => {
    const rounds = new Rounds();
    rounds.add(true, [hears(old, pages(0, 1))]);
    rounds.add(false, [hears(old, pages(0, 1))]);
    rounds.add(true, [hears(old, pages(0, 1))]);
    expect(rounds.inOrder(NEWEST_FIRST)).toEqual([
      { discards: [], populates: [hears(old, pages(0, 1))] },
      { discards: [hears(old, pages(0, 1))], populates: [] },
      { discards: [], populates: [hears(old, pages(0, 1))] },
    ]);
  });

  it('lets a listener that hears of fewer changes of direction be done earlier', () => {
    const rounds = new Rounds();
    rounds.add(true, [hears(newest, pages(0, 4)), hears(old, pages(0, 2))]);
    rounds.add(false, [hears(newest, pages(2, 4))]);
    rounds.add(true, [hears(newest, pages(3, 4)), hears(old, pages(3, 4))]);
    // To the old one, the first and the last change are one: of the discard between them it hears nothing.
    expect(rounds.inOrder(NEWEST_FIRST)).toEqual([
      { discards: [], populates: [hears(newest, pages(0, 4)), hears(old, pages(0, 2), pages(3, 4))] },
      { discards: [hears(newest, pages(2, 4))], populates: [] },
      { discards: [], populates: [hears(newest, pages(3, 4))] },
    ]);
  });

  it('discards at some listeners and populates others in the same round', () => {
    const rounds = new Rounds();
    rounds.add(false, [hears(old, pages(0, 1))]);
    rounds.add(true, [hears(newest, pages(4, 5))]);
    expect(rounds.inOrder(NEWEST_FIRST)).toEqual([
      { discards: [hears(old, pages(0, 1))], populates: [hears(newest, pages(4, 5))] },
    ]);
  });
});

it('roundOf is one round of one direction, and none where nobody is called', () => {
  const calls = [hears(newest, pages(0, 1))];
  expect(roundOf(true, calls)).toEqual([{ discards: [], populates: calls }]);
  expect(roundOf(false, calls)).toEqual([{ discards: calls, populates: [] }]);
  expect(roundOf(true, [])).toEqual([]);
});

it('callsOf has the calls of every round, discards before populates', () => {
  const [first, second, third] = [hears(old, pages(0, 1)), hears(old, pages(1, 2)), hears(old, pages(2, 3))];
  expect(callsOf([])).toEqual([]);
  expect(callsOf([{ discards: [first], populates: [second] }])).toEqual([first, second]);
  expect(callsOf([{ discards: [], populates: [second] }])).toEqual([second]);
  const two = [
    { discards: [first], populates: [second] },
    { discards: [third], populates: [] },
  ];
  expect(callsOf(two)).toEqual([first, second, third]);
});
