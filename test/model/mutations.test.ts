// The explorer can fail: of every rule of the protocol that is broken on purpose it says what comes of it. And it takes
// two states for one only where they are.
import { expect, it } from 'vitest';
import { byDepth } from '../support/depth.ts';
import { batch, type Command, convert, unregister } from './commands.ts';
import { explore } from './explorer.ts';
import { MUTATIONS, type Mutation } from './mutations.ts';
import type { Scenario } from './scenario.ts';
import type { Faults } from './world.ts';

const NOTHING_WRONG: Faults = { deliveries: 0, crashes: 0, journal: 0, departures: 0 };

const COMMANDS: readonly Command[] = [
  convert('b1', { start: 0, end: 3, to: 'shared' }),
  convert('b1', { start: 1, end: 3, to: 'private' }),
];

function scenario(faults: Partial<Faults>, commands = COMMANDS): Scenario {
  const listeners = [
    { id: 'l1', start: 0, end: 3, maxSections: 1 },
    { id: 'l2', start: 1, end: 3 },
  ];
  const blocks = [{ id: 'b1', pages: 3, gpa: 0, shared: [[1, 2]], listeners }] as const;
  return { name: 'self-test', blocks, commands, faults: { ...NOTHING_WRONG, ...faults } };
}

const ASKED: Record<NonNullable<Mutation['asked']>, Command> = {
  'a batch': batch('b1', { start: 1, end: 2, to: 'private' }, { start: 0, end: 1, to: 'shared' }),
  'an unregistration': unregister('b1', 'l1'),
  'a conversion of the page in the middle': convert('b1', { start: 1, end: 2, to: 'private' }),
  'a conversion of other pages': convert('b1', { start: 0, end: 1, to: 'private' }),
};

it.each(MUTATIONS)('notices it when $name', async ({ found, tampering = {}, patch, faults = {}, asked, in: where }) => {
  const restore = patch?.();
  try {
    const commands = asked === undefined ? COMMANDS : [...COMMANDS, ASKED[asked]];
    const whole =
      where === undefined ? scenario(faults, commands) : { ...where, faults: { ...NOTHING_WRONG, ...faults } };
    const { failure } = await explore(whole, { tampering });
    expect(failure?.violations.join('\n')).toMatch(found);
  } finally {
    restore?.();
  }
});

/** The last takes as long as all others together: `npm run test:long` has the time. */
const WALKED: readonly Partial<Faults>[] = [{}, { deliveries: 1 }, { departures: 1 }, ...byDepth([], [{ journal: 1 }])];

it.each(WALKED)('finds the same states when it walks every path to its end, with %j', async (faults) => {
  const merged = await explore(scenario(faults));
  const walked = await explore(scenario(faults), { merge: false });
  expect(walked.paths).toBeGreaterThan(merged.paths);
  const { states, ends, codes } = merged;
  const { failure, ...found } = walked;
  expect(failure).toBeNull();
  expect(found).toMatchObject({ states, ends, codes });
});
