// The simulation in short: a few histories of fixed seeds are clean, and each can be had again.
import { expect, it } from 'vitest';
import { scriptOf } from './script.ts';
import { runHistory } from './simulation.ts';

it.each([1, 2, 3, 4])('keeps its promises through history %i', async (seed) => {
  const { violations, trace } = await runHistory({ seed, script: scriptOf(seed, 300) });
  expect(violations, trace.join('\n')).toEqual([]);
});

it('does the same again with the same seed', async () => {
  const first = await runHistory({ seed: 5, script: scriptOf(5, 300) });
  const second = await runHistory({ seed: 5, script: scriptOf(5, 300) });
  expect(second.hash).toBe(first.hash);
  expect(second.steps).toBe(first.steps);
});
