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
