// Events as readers ask for them, one by one, however many of them came at once: beside a list of all that there ever were.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventLog } from '../../src/service/event-log.ts';

const COMMON = {
  type: 'conversion.committed',
  machine: 'vm-1',
  ramBlockId: 'blk_1',
  at: '2026-11-29T12:00:00.000Z',
} as const;

/** Keeps `count` events that came at once; their resources say the how manieth each of them is, of all. */
function keep(log: EventLog, before: number, count: number, asOne: boolean): void {
  const resources = Array.from({ length: count }, (_, index) => ({ n: before + index + 1 }));
  const [only] = resources;
  log.keep({ ...COMMON, generation: before, resource: count === 1 && asOne && only !== undefined ? only : resources });
}

describe('events that are kept', () => {
  it('are the last ones, each by its number, whether they came alone or with others', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 20 }), fc.boolean(), (sizes, limit, asOne) => {
        const log = new EventLog(limit, 'epoch');
        const generations: number[] = [];
        for (const size of sizes) {
          const before = generations.length;
          keep(log, before, size, asOne);
          generations.push(...Array<number>(size).fill(before));
          const count = generations.length;

          expect(log.last).toBe(log.idOf(count));
          expect(log.at(count + 1)).toBe(null);
          expect(log.numberAfter(log.last)).toBe(count + 1);
          for (const [index, generation] of generations.entries()) {
            const number = index + 1;
            const isOwed = number > count - limit;
            const event = log.at(number);
            // More may be there, but never another in its place.
            if (isOwed || event !== undefined) {
              expect(event).toEqual({ ...COMMON, generation, resource: { n: number } });
            }
            const after = () => log.numberAfter(log.idOf(number - 1));
            if (isOwed) expect(after()).toBe(number);
            else expect(after).toThrow('no longer kept');
          }
        }
      }),
    );
  });

  it('are forgotten in the end', () => {
    const log = new EventLog(3, 'epoch');
    for (let n = 0; n < 20; n++) keep(log, n, 1, true);
    expect(log.at(14)).toBe(undefined);
    expect(log.at(18)).toMatchObject({ resource: { n: 18 } });
  });

  it('are fewer where they are large: never more bytes than there may be, and the last one always', () => {
    const log = new EventLog(1000, 'epoch', 100_000);
    const large = (n: number) => ({ n, changed: Array.from({ length: 100 }, () => ({ offset: 0, size: 1 })) });
    for (let n = 1; n <= 500; n++) {
      log.keep({ ...COMMON, generation: n, resource: large(n) });
      expect(log.bytes).toBeLessThanOrEqual(100_000);
      expect(log.at(n)).toMatchObject({ resource: { n } });
    }
    // 100 ranges are taken for 6400 bytes: half of the room holds seven of these.
    expect(log.at(500 - 6)).toMatchObject({ resource: { n: 494 } });
    expect(log.at(500 - 20)).toBe(undefined);
    expect(() => log.numberAfter(log.idOf(100))).toThrow('no longer kept');
    const all = Array.from({ length: 100 }, (_, index) => large(501 + index));
    log.keep({ ...COMMON, generation: 501, resource: all });
    expect([501, 600].map((n) => log.at(n))).toMatchObject([{ resource: { n: 501 } }, { resource: { n: 600 } }]);
    expect(log.at(500)).toBe(undefined);
    log.keep({ ...COMMON, generation: 601, resource: large(601) });
    expect([log.at(600), log.at(601)]).toMatchObject([undefined, { resource: { n: 601 } }]);
  });

  it('are told of once, however many come', () => {
    const log = new EventLog(100, 'epoch');
    const told: string[] = [];
    const leave = log.follow(() => told.push(log.last));
    expect(log.readers).toBe(1);
    keep(log, 0, 5, false);
    leave();
    keep(log, 5, 1, false);
    expect([told, log.readers]).toEqual([['epoch-5'], 0]);
  });
});

describe('a reader of one machine', () => {
  const about = (machine: string, resources: number) => ({
    ...COMMON,
    machine,
    generation: 0,
    resource: Array.from({ length: resources }, (_, n) => ({ n })),
  });

  it('finds its events among those of others, each lot of which it looks at once', () => {
    const lots = fc.array(fc.record({ machine: fc.constantFrom('a', 'b'), count: fc.integer({ min: 1, max: 9 }) }));
    fc.assert(
      fc.property(lots, fc.integer({ min: 1, max: 60 }), (all, from) => {
        const log = new EventLog(1000, 'epoch');
        for (const { machine, count } of all) log.keep(about(machine, count));
        const machines = all.flatMap(({ machine, count }) => Array<string>(count).fill(machine));
        let asked = 0;
        const isWanted = ({ machine }: { machine: string }): boolean => {
          asked++;
          return machine === 'a';
        };
        if (from > machines.length + 1) return;
        const expected = machines.findIndex((machine, index) => index + 1 >= from && machine === 'a');
        const found = log.firstFrom(from, isWanted);
        if (expected >= 0) expect(found).toEqual({ number: expected + 1, event: log.at(expected + 1) });
        else expect(found).toEqual({ number: machines.length + 1, event: null });
        expect(asked).toBeLessThanOrEqual(all.length);
      }),
    );
  });

  it('is told that what followed is no longer kept', () => {
    const log = new EventLog(2, 'epoch');
    for (let index = 0; index < 9; index++) log.keep(about('a', 1));
    expect(log.firstFrom(1, () => true)).toBe(undefined);
  });
});

it('tells many readers some at a time, and all of them of what came last', async () => {
  const log = new EventLog(10, 'epoch');
  const heard = new Map<number, string>();
  for (let reader = 0; reader < 1000; reader++) log.follow(() => heard.set(reader, log.last));
  keep(log, 0, 1, true);
  expect(heard.size).toBeLessThan(100);
  keep(log, 1, 1, true);
  await expect.poll(() => [...heard.values()].filter((last) => last === log.last).length).toBe(1000);
});

it('calls readers that go on reading some at a time, and none that has left', async () => {
  const log = new EventLog(10, 'epoch');
  const gone: number[] = [];
  const last = 3000;
  let called = 0;
  for (let index = 0; index < 1000; index++) {
    const reader = (): void => {
      if (index % 100 === 0) gone.push(index);
      // As a connection that takes all that it is given.
      if (++called < last) log.callSoon(reader);
    };
    const leave = log.follow(reader);
    log.callSoon(reader);
    if (index % 100 === 0) leave();
  }
  let most = 0;
  while (called < last) {
    const before = called;
    await new Promise(setImmediate);
    most = Math.max(most, called - before);
  }
  expect(most).toBeLessThan(200);
  expect(gone).toEqual([]);
});
