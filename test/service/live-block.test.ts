// What a removal by force does to deliveries: those to the listeners that it concerns are called off for as long as it
// lasts, whoever else removes them, and no longer.
import { expect, it } from 'vitest';
import { Problem } from '../../src/errors.ts';
import { Machines } from '../../src/service/machines.ts';
import { dependenciesWith, NO_CONDITIONS } from '../support/dependencies.ts';
import { rulesOf } from '../support/rules.ts';

const PAGE = 4096;

async function start() {
  const machines = await Machines.open(dependenciesWith());
  const { id } = await rulesOf(machines).ramBlocks.create(
    {
      ...{ idstr: 'pc.ram', usedLength: PAGE, maxLength: undefined, pageSize: PAGE, machine: 'm' },
      gpa: null,
      guestMemfd: true,
    },
    NO_CONDITIONS,
  );
  return { machines, live: machines.block(id) };
}

/** A removal that begins when its turn comes, and fails when it is told to. */
function removal() {
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<never>();
  const task = (): Promise<never> => {
    begun.resolve();
    return end.promise;
  };
  return { task, begun: begun.promise, fail: () => end.reject(new Problem('journal-unavailable', 'it failed')) };
}

it.each([
  ['of one listener', 'lsn_1', [true, false]],
  ['of the block', null, [true, true]],
] as const)('a removal %s calls off what is sent until it ends', async (_name, listenerId, expected) => {
  const { machines, live } = await start();
  const isCalledOff = () => ['lsn_1', 'lsn_2'].map((id) => live.signalFor(id).aborted);
  const before = live.signalFor('lsn_1');
  const { task, begun, fail } = removal();
  const removed = live.inTurnByForce(listenerId, null, task);
  await begun;
  expect(isCalledOff()).toEqual(expected);
  expect(before.aborted).toBe(true);
  fail();
  await expect(removed).rejects.toMatchObject({ code: 'journal-unavailable' });
  expect(isCalledOff()).toEqual([false, false]);
  await machines.close();
});

it.each([
  ['of the same listener', 'lsn'],
  ['of its block', null],
])('a removal that ends leaves a listener called off for another one, %s', async (_name, listenerId) => {
  const { machines, live } = await start();
  const [first, second] = [removal(), removal()];
  const removals = [live.inTurnByForce('lsn', null, first.task), live.inTurnByForce(listenerId, null, second.task)];
  await first.begun;
  first.fail();
  await expect(removals[0]).rejects.toMatchObject({ code: 'journal-unavailable' });
  await second.begun;
  expect(live.signalFor('lsn').aborted).toBe(true);
  second.fail();
  await expect(removals[1]).rejects.toMatchObject({ code: 'journal-unavailable' });
  expect(live.signalFor('lsn').aborted).toBe(false);
  await machines.close();
});
