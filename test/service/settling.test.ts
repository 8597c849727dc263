// How settling waits for a device that stays away: ever longer, up to minutes, and not at all when it is told to go on.
import { expect, it } from 'vitest';
import { Machines } from '../../src/service/machines.ts';
import { settlingDelay } from '../../src/service/settling.ts';
import { dependenciesWith, NO_CONDITIONS } from '../support/dependencies.ts';
import { rulesOf } from '../support/rules.ts';
import { until } from '../support/service.ts';

const PAGE = 4096;
const LISTENER = {
  url: 'http://127.0.0.1:9/',
  mode: 'sync' as const,
  section: { offset: 0, size: null, offsetWithinAddressSpace: undefined },
  granularity: undefined,
  doubleDiscardSupported: true,
  coordinatedDiscard: true,
  dmaMaxMappings: null,
  maxSections: 512,
  timeoutMs: 1000,
  description: null,
  secret: undefined,
};

/** A service whose devices accept while `isThere` says so, with a clock that stands still. */
async function start(isThere: () => boolean) {
  const calls = { count: 0 };
  const machines = await Machines.open(
    dependenciesWith({
      deliver: async () => {
        calls.count++;
        return isThere() ? { outcome: 'accepted' } : { outcome: 'unanswered', status: null, detail: 'away' };
      },
      elapsed: () => 0,
      random: () => 0.5,
    }),
  );
  const rules = rulesOf(machines);
  const block = { idstr: 'pc.ram', usedLength: 4 * PAGE, maxLength: undefined, pageSize: PAGE, machine: 'm' };
  const { id } = await rules.ramBlocks.create({ ...block, gpa: null, guestMemfd: true }, NO_CONDITIONS);
  return { machines, rules, id, live: machines.block(id), calls };
}

it('doubles from 100 ms to 5 s, stays there for about a minute, and then doubles to 5 minutes', () => {
  const delays = Array.from({ length: 30 }, (_, index) => settlingDelay(index + 1));
  expect(delays.slice(0, 8)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  expect(delays.slice(16, 26)).toEqual([
    5000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000, 300_000,
  ]);
  const untilLonger = delays
    .slice(
      0,
      delays.findIndex((delay) => delay > 5000),
    )
    .reduce((sum, delay) => sum + delay, 0);
  expect(untilLonger).toBeGreaterThan(55_000);
  expect(untilLonger).toBeLessThan(70_000);
});

it('is followed by Retry-After, and cut short by who asks for the next attempt', async () => {
  let isThere = true;
  const { machines, rules, id, live, calls } = await start(() => isThere);
  const { id: listenerId } = await rules.listeners.register(id, LISTENER, NO_CONDITIONS);
  const convert = (to: 'shared' | 'private') => {
    return rules.conversions.convert(id, { offset: 0, size: PAGE, to }, NO_CONDITIONS);
  };
  await convert('shared');
  isThere = false;
  await expect(convert('private')).rejects.toMatchObject({ code: 'discard-unacknowledged' });
  calls.count = 0;
  const seconds: number[] = [];
  for (let attempt = 1; attempt <= 24; attempt++) {
    const wait = Math.ceil(settlingDelay(attempt) / 1000);
    await until('it waits again', () => calls.count === attempt && live.settling.secondsToNext(listenerId) === wait);
    await expect(convert('private')).rejects.toMatchObject({
      code: 'listener-unsettled',
      extras: { retryAfterSeconds: wait },
    });
    seconds.push(wait);
    live.settling.hurry(listenerId);
  }
  expect(seconds.at(-1)).toBe(300);
  isThere = true;
  await until('it is settled', async () => {
    live.settling.hurry(listenerId);
    return !(live.block.manager.listeners.get(listenerId)?.isUnsettled ?? true);
  });
  await convert('private');
  await machines.close();
});

it('keeps nothing of async listeners that are gone: idle, disabled or busy', async () => {
  const { machines, rules, id, live } = await start(() => true);
  const add = async () => (await rules.listeners.register(id, { ...LISTENER, mode: 'async' }, NO_CONDITIONS)).id;
  const ids = [];
  for (let index = 0; index < 30; index++) ids.push(await add());
  expect(live.asyncListeners.size).toBe(30);
  for (const [index, listenerId] of ids.entries()) {
    if (index % 3 === 1) await rules.listenerControl.update(id, listenerId, { state: 'disabled' }, NO_CONDITIONS);
    await rules.listeners.unregister(id, listenerId, index % 3 === 0, NO_CONDITIONS);
  }
  await until('nothing is kept', () => live.asyncListeners.size === 0);
  expect(live.block.manager.listeners.size).toBe(0);
  await machines.close();
});
