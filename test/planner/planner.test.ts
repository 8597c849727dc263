// The planner against a slow and obvious one, on random traces.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/planner/plan.ts';
import { Planner, type PlanOptions } from '../../src/planner/planner.ts';
import { parseMapOption } from '../../src/traces/map-option.ts';
import type { TraceEvent } from '../../src/traces/trace-event.ts';
import { naivePlan } from './naive-plan.ts';

const PAGE = 4096;
const KIB = 1024;
const MIB = KIB ** 2;

/**
 * In 12 MiB of addresses: `a`, whose last piece of 2 MiB is cut short, a hole, `b` right behind the border of a piece,
 * and the rest of `a`, so that one conversion can be of `a` twice.
 */
const MAPS = ['0x0:3M:a', '0x400000:1100K@0:b', '0x513000:5M@3M:a'].map(parseMapOption);
const PAGES = (12 * MIB) / PAGE;

/** Conversions whose ends are often ends of others, of pieces and of blocks. */
const somePage = fc.oneof(
  fc.nat({ max: PAGES - 1 }),
  fc.constantFrom(0, 1, 15, 16, 511, 512, 767, 768, 1023, 1024, 1298, 1299, 1300, 2579),
  fc.nat({ max: 20 }),
);
const someSize = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.constantFrom(1, 16, 512, 513, 1024),
  fc.nat({ max: 2000 }),
);

const someConversion = fc.record({
  page: somePage,
  pages: someSize,
  to: fc.constantFrom('shared' as const, 'private' as const),
  wait: fc.oneof(fc.constant(0), fc.nat({ max: 3_000_000 })),
});
const someTrace = fc.tuple(fc.array(someConversion, { minLength: 1, maxLength: 30 }), fc.boolean(), fc.nat({ max: 4 }));

function toEvents([conversions, hasTime, clockGap]: typeof someTrace extends fc.Arbitrary<infer T>
  ? T
  : never): TraceEvent[] {
  let seconds = 12.5;
  return conversions.map(({ page, pages, to, wait }, index) => {
    seconds += wait / 1e6;
    // Now and then a line without a time, or one that is a little late.
    const isLate = index % 5 === 4;
    const time =
      hasTime && index % 7 !== clockGap + 3
        ? { clock: 'boot' as const, seconds: isLate ? seconds - 0.001 : seconds }
        : null;
    return {
      ...{ event: 'kvm_hypercall' as const, line: index + 1, start: page * PAGE },
      ...{ size: Math.max(1, Math.min(pages, PAGES - page)) * PAGE, to, time },
    };
  });
}

function planOf(events: readonly TraceEvent[], options: PlanOptions): Plan {
  const planner = new Planner(options);
  for (const event of events) planner.add(event);
  return planner.plan({ lines: events.length, foreign: 0, cutOff: false });
}

describe('a plan', () => {
  it('is that of the slow and obvious way', () => {
    fc.assert(
      fc.property(someTrace, fc.constantFrom(0, 1, 3, 40, 600, 65_535), (trace, limit) => {
        const events = toEvents(trace);
        const {
          step: _step,
          trackings,
          hottest,
          lifetimes,
          ...plan
        } = planOf(events, { maps: MAPS, limit, points: 8 });
        const naive = naivePlan(events, { maps: MAPS, limit }).plan;
        const { trackings: naiveTrackings, hottest: naiveHottest, lifetimes: naiveLifetimes, ...others } = naive;
        expect(plan).toEqual(others);
        expect(trackings).toMatchObject(naiveTrackings);
        expect(lifetimes).toEqual({
          ...naiveLifetimes,
          mean: naiveLifetimes.mean && expect.closeTo(naiveLifetimes.mean, 9),
        });
        // Of pieces with as many conversions, any may be the tenth.
        const byHeat = (a: { conversions: number }, b: { conversions: number }) => b.conversions - a.conversions;
        expect(naiveHottest.pieces).toEqual(expect.arrayContaining([...hottest.pieces]));
        expect(hottest.pieces.map(({ conversions }) => conversions)).toEqual(
          naiveHottest.pieces
            .toSorted(byHeat)
            .slice(0, 10)
            .map(({ conversions }) => conversions),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('has in each step of a series the most that there was in it', () => {
    fc.assert(
      fc.property(someTrace, fc.integer({ min: 1, max: 12 }), (trace, points) => {
        const events = toEvents(trace);
        const { step, trackings } = planOf(events, { maps: MAPS, points });
        const { states, ticks } = naivePlan(events, { maps: MAPS, limit: 0 });
        for (const [index, { mappings, pinned }] of trackings.entries()) {
          for (const [series, of] of [
            [mappings.series, 'mappings'],
            [pinned.series, 'pinned'],
          ] as const) {
            expect(series.length).toBeLessThanOrEqual(points);
            const expected = series.map((_, n) => {
              const [from, to] = [n * step * ticks, (n + 1) * step * ticks];
              const before = states.findLast(({ at }) => at < from)?.[of][index] ?? 0;
              return Math.max(
                before,
                ...states.filter(({ at }) => at >= from && at < to).map((state) => state[of][index] ?? 0),
              );
            });
            expect(series).toEqual(expected);
            expect(Math.max(0, ...series)).toBe(Math.max(0, ...states.map((state) => state[of][index] ?? 0)));
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
