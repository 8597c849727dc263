// A crash, and a failing journal, at every single append of a course of changes, before it is durable and after: the state
// is the one before or after the change that was under way, and every device ends with what is populated.
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DeviceSimulator } from '../../src/cli/simulator/server.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { everyDeviceIsRight, runCourse, STEPS, seen, startDevices } from '../support/course.ts';
import { byDepth } from '../support/depth.ts';
import { type Fate, FaultyJournal } from '../support/faulty-journal.ts';
import { startService, until } from '../support/service.ts';

let devices: DeviceSimulator[];

beforeEach(async () => {
  devices = await startDevices();
});

afterEach(async () => {
  await Promise.all(devices.map((device) => device.close()));
});

/** @param expected what is seen after each step @returns whether the course was long enough to crash there */
async function crashAt(append: number, fate: Fate, expected: readonly string[]): Promise<boolean> {
  const memory = new MemoryJournal();
  const journal = new FaultyJournal(memory);
  journal.fate = (appends) => (appends === append ? fate : 'done');
  const first = await startService({ openJournal: async () => journal });
  const answered = (await runCourse(first, devices, () => journal.appends > append)).length - 1;
  const crashed = journal.appends > append;
  await first.abandon();

  const second = await startService({ openJournal: async () => memory, settings: { RBA_SNAPSHOT_EVERY: '3' } });
  const where = `after a crash at append ${append} (${fate}), with ${answered} steps answered`;
  await everyDeviceIsRight(second.api, devices);
  const possible = fate === 'lost' ? [expected[answered]] : [expected[answered], expected[answered + 1]];
  expect(possible, where).toContain(await seen(second.api, devices));
  await second.close();
  return crashed;
}

/** @returns whether the course was long enough for the journal to fail there */
async function failAt(append: number, fate: Fate, expected: readonly string[]): Promise<boolean> {
  const memory = new MemoryJournal();
  const journal = new FaultyJournal(memory);
  journal.fate = (appends) => (appends === append ? fate : 'done');
  const service = await startService({ openJournal: async () => journal });
  const answered = (await runCourse(service, devices, () => false)).length - 1;
  const failed = journal.appends > append;
  const where = `after append ${append} failed (${fate}), with ${answered} steps answered`;
  await until('it is ready again', async () => (await service.api.get('/readyz')).status === 200);
  await everyDeviceIsRight(service.api, devices);
  const possible = fate === 'fails' ? [expected[answered]] : [expected[answered], expected[answered + 1]];
  expect(possible, where).toContain(await seen(service.api, devices));
  await service.close();
  return failed;
}

/** Each fate comes at every fourth append in the short form, at another fourth each: some fate comes at every append. */
const EVERY = byDepth(4, 1);

it.each([
  { name: 'a crash before an append is durable', fate: 'lost', at: crashAt, first: 0 },
  { name: 'a crash after an append is durable', fate: 'lost-written', at: crashAt, first: 1 },
  { name: 'an append that fails', fate: 'fails', at: failAt, first: 2 },
  { name: 'an append that fails although it was written', fate: 'fails-written', at: failAt, first: 3 },
] as const)(
  '$name is survived, wherever it comes',
  async ({ fate, at, first }) => {
    const reference = await startService();
    const expected = await runCourse(reference, devices, () => false);
    await reference.close();
    expect(expected).toHaveLength(STEPS.length + 1);
    let append = first % EVERY;
    for (;;) {
      await Promise.all(devices.map((device) => device.close()));
      devices = await startDevices();
      if (!(await at(append, fate, expected))) break;
      append += EVERY;
    }
    expect(append).toBeGreaterThan(20);
  },
  120_000,
);
