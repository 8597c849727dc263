// The limits of a delivery: each is reached once, and wakes the one thing that waits.
import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { UnderWay } from '../../src/listeners/limits.ts';

const FAR_OFF = 30_000;

const limited = (timeoutMs: number) => new UnderWay().begin(timeoutMs, new AbortController().signal);

it('the deadline is over after timeoutMs, and wakes what waits', async () => {
  const limits = limited(20);
  await limits.wait(FAR_OFF);
  expect([limits.isReached, limits.isLate]).toEqual([true, true]);
});

it('each of several deliveries has its own deadline', async () => {
  const underWay = new UnderWay();
  const { signal } = new AbortController();
  const took = (timeoutMs: number) => {
    const limits = underWay.begin(timeoutMs, signal);
    const from = performance.now();
    return limits.wait(FAR_OFF).then(() => performance.now() - from);
  };
  const lifted = underWay.begin(50, signal);
  lifted.lift();
  const first = took(50);
  for (const ms of await Promise.all([first, took(50), took(20), took(50)])) {
    expect(ms).toBeGreaterThan(19);
    expect(ms).toBeLessThan(FAR_OFF);
  }
  expect(lifted.isReached).toBe(false);
  const again = took(30);
  expect(await again).toBeGreaterThan(29);
});

it('a delivery that is called off is not late, whatever comes later', async () => {
  const underWay = new UnderWay();
  const { signal } = new AbortController();
  const [limits, next] = [underWay.begin(20, signal), underWay.begin(20, signal)];
  limits.callOff();
  // Its deadline comes after that of the first.
  await next.wait(FAR_OFF);
  expect(next.isLate).toBe(true);
  expect([limits.isReached, limits.isLate]).toEqual([true, false]);
});

it('a wait that is shorter ends by itself', async () => {
  const limits = limited(FAR_OFF);
  await limits.wait(1);
  expect(limits.isReached).toBe(false);
  limits.lift();
});

it('all under one signal are called off together, over one event listener, and no other', () => {
  const [off, other] = [new AbortController(), new AbortController()];
  const underWay = new UnderWay();
  const limits = [off, off, off, other].map(({ signal }) => underWay.begin(FAR_OFF, signal));
  expect(getEventListeners(off.signal, 'abort')).toHaveLength(1);
  let reached = 0;
  for (const each of limits) each.onReached = () => reached++;
  limits[0]?.lift();
  off.abort();
  expect(limits.map(({ isReached }) => isReached)).toEqual([false, true, true, false]);
  expect(reached).toBe(2);
  for (const each of limits) each.lift();
});

it('a delivery that begins under a signal that has aborted is called off', () => {
  const limits = new UnderWay().begin(FAR_OFF, AbortSignal.abort());
  expect(limits.isReached).toBe(true);
  limits.lift();
});
