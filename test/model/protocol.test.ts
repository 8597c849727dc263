// The protocol (intent, callbacks, commit, crash, recovery), as the service really does it: every order in which things
// can happen and every way in which they can end is gone through, and what must hold is checked in every state.
import { afterAll, expect, it } from 'vitest';
import { DEPTH } from '../support/depth.ts';
import { type Explored, explore } from './explorer.ts';
import { scenarios } from './scenarios.ts';

const LIMIT_MS = DEPTH === 'deep' ? 12 * 3600_000 : 1800_000;

const explored: (Explored & { readonly name: string })[] = [];

afterAll(() => {
  const sum = (of: (one: Explored) => number): number => explored.reduce((total, one) => total + of(one), 0);
  const lines = explored.map(({ name, states, transitions, paths, longest }) => {
    return `${name}: ${states} states, ${transitions} steps, ${paths} paths of up to ${longest} steps`;
  });
  const total = `${sum(({ states }) => states)} states, ${sum(({ transitions }) => transitions)} steps, ${sum(({ paths }) => paths)} paths`;
  console.info([...(DEPTH !== 'short' ? lines : []), `explored in all: ${total}`].join('\n'));
});

it.each(scenarios(DEPTH))(
  '$name',
  async ({ name, scenario, codes }) => {
    const result = await explore(scenario);
    explored.push({ ...result, name });
    const { failure, faults } = result;
    const path = failure?.path.join('\n') ?? '';
    expect(failure?.violations ?? [], path).toEqual([]);
    // All that could go wrong did, and commands met it.
    const wanted = Object.entries(scenario.faults).filter(([, count]) => count > 0);
    expect(Object.keys(faults).sort()).toEqual(wanted.map(([fault]) => fault).sort());
    expect(result.codes).toEqual(expect.arrayContaining([...codes]));
  },
  LIMIT_MS,
);
