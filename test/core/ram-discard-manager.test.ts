// Several steps planned together are what they would be one after the other, whether they share pages or not.
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { PageBitmap } from '../../src/core/page-bitmap.ts';
import { RamDiscardListener } from '../../src/core/ram-discard-listener.ts';
import { RamDiscardManager } from '../../src/core/ram-discard-manager.ts';
import { RamDiscardSource } from '../../src/core/ram-discard-source.ts';
import { callsOf, type Round } from '../../src/core/rounds.ts';
import { RunBudget } from '../../src/core/run-budget.ts';
import type { PageRange } from '../../src/core/section.ts';

const PAGE = 4096;
const PAGES = 96;

interface Setting {
  /** Of two sources. */
  readonly populated: readonly (readonly PageRange[])[];
  readonly dmaMaxMappings: number | null;
}

function makeManager({ populated, dmaMaxMappings }: Setting): RamDiscardManager {
  const manager = new RamDiscardManager(PAGES);
  for (const [index, runs] of populated.entries()) {
    const bitmap = new PageBitmap(PAGES);
    for (const run of runs) bitmap.set(run);
    const definition = { id: `src_${index}`, name: `source ${index}`, granularity: PAGE };
    manager.addSource(new RamDiscardSource(definition, bitmap));
  }
  const listener = new RamDiscardListener(
    {
      ...{ id: 'lsn_1', url: 'http://127.0.0.1/', mode: 'sync', granularity: PAGE, dmaMaxMappings, secret: '' },
      ...{ doubleDiscardSupported: true, coordinatedDiscard: true, maxSections: 512, timeoutMs: 5000 },
      section: { offset: 8 * PAGE, size: 64 * PAGE, offsetWithinAddressSpace: 0 },
      ...{ description: null, createdAt: '2026-01-01T00:00:00.000Z' },
    },
    { usedLength: PAGES * PAGE, maxLength: PAGES * PAGE, pageSize: PAGE },
  );
  listener.phase = 'active';
  manager.addListener(listener);
  return manager;
}

const range = fc
  .tuple(fc.nat({ max: PAGES - 1 }), fc.integer({ min: 1, max: 24 }))
  .map(([start, length]) => ({ start, end: Math.min(PAGES, start + length) }));
const settings: fc.Arbitrary<Setting> = fc.record({
  populated: fc.array(fc.array(range, { maxLength: 6 }), { minLength: 1, maxLength: 2 }),
  dmaMaxMappings: fc.option(fc.nat()),
});
const asked = fc.record({ range, populate: fc.boolean() });
/** One after the other by address, or anyhow. */
const askedTogether = fc
  .array(asked, { minLength: 1, maxLength: 8 })
  .chain((all) => fc.constantFrom(all, apart(all), apart(all).toReversed()));

function apart<Step extends { readonly range: PageRange }>(all: readonly Step[]): Step[] {
  let end = 0;
  return all
    .toSorted((a, b) => a.range.start - b.range.start)
    .filter((step) => {
      const isApart = step.range.start >= end;
      if (isApart) end = step.range.end;
      return isApart;
    });
}

describe('RamDiscardManager', () => {
  it('plans several steps as if each were made true before the next is planned, and leaves no trace of it', () => {
    fc.assert(
      fc.property(settings, askedTogether, (setting, all) => {
        const together = makeManager(setting);
        const oneByOne = makeManager(setting);
        const before = [...together.populated.allRuns(true)];
        const stepsOf = (manager: RamDiscardManager) => {
          const [source] = [...manager.sources.values()];
          if (source === undefined) throw new Error('a manager without a source');
          return all.map((step) => ({ source, ...step }));
        };
        const { plans, peaks } = together.planAll(stepsOf(together));
        expect([...together.populated.allRuns(true)]).toEqual(before);
        let peak = 0;
        for (const [index, step] of stepsOf(oneByOne).entries()) {
          const { source: _source, calls, ...expected } = oneByOne.plan(step);
          const { source: _other, calls: own, ...plan } = plans[index] ?? expect.fail('a step has no plan');
          expect(plan).toEqual(expected);
          expect(own.map(({ runs }) => runs)).toEqual(calls.map(({ runs }) => runs));
          const isHeard = calls.length > 0;
          oneByOne.turn(step.source, { ...expected, calls });
          const [listener] = oneByOne.listeners.values();
          if (step.populate && isHeard) peak = Math.max(peak, listener?.mapped(oneByOne.populated).mappings ?? 0);
        }
        // Without a limit nobody asks for it.
        const isCounted = setting.dmaMaxMappings !== null && peak > 0;
        expect([...peaks.values()]).toEqual(isCounted ? [peak] : []);
      }),
      { numRuns: 500 },
    );
  });

  it('makes several steps true at once as one after the other, for what listeners have mapped and are owed, too', () => {
    fc.assert(
      fc.property(settings, askedTogether, fc.array(range), (setting, all, owed) => {
        const [together, oneByOne] = [makeManager(setting), makeManager(setting)];
        const [source, other] = [[...together.sources.values()][0], [...oneByOne.sources.values()][0]];
        if (source === undefined || other === undefined) throw new Error('a manager without a source');
        for (const manager of [together, oneByOne]) {
          const [listener] = manager.listeners.values();
          const unmapped = manager.callsFor(owed.flatMap((run) => manager.populated.listRuns(run, true)));
          listener?.noteOutcome({
            listenerId: 'lsn_1',
            lastSequence: 1,
            unmapped: unmapped.flatMap(({ runs }) => runs),
          });
        }
        together.change(source, together.planAll(all.map((step) => ({ source, ...step }))).plans);
        for (const step of all) oneByOne.turn(other, oneByOne.plan({ source: other, ...step }));
        const stateOf = (manager: RamDiscardManager) => {
          const { populated, sourceList, listeners } = manager;
          const books = [...listeners.values()].map((listener) => [listener.mapped(populated), listener.unmapped]);
          const bitmaps = [populated, ...sourceList.map(({ bitmap }) => bitmap)];
          return { books, runs: bitmaps.map((one) => [...one.allRuns(true)]) };
        };
        expect(stateOf(together)).toEqual(stateOf(oneByOne));
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['when they are planned', 'when they are applied'])(
    'looks at a block once for all steps of a batch over the whole of it, %s',
    (when) => {
      const manager = makeManager({
        populated: [[{ start: 3, end: 5 }], [{ start: 0, end: PAGES }]],
        dmaMaxMappings: null,
      });
      const [source] = manager.sources.values();
      if (source === undefined) throw new Error('a manager without a source');
      const steps = Array.from({ length: 2000 }, (_, index) => {
        return { source, range: { start: 0, end: PAGES - (index % 3) }, populate: index % 2 === 0 };
      });
      const looks = (['next', 'listRuns', 'set', 'clear', 'count'] as const).map((name) =>
        vi.spyOn(PageBitmap.prototype, name),
      );
      const planned = manager.planAll(steps);
      if (when === 'when they are applied') manager.change(source, planned.plans);
      const count = looks.reduce((sum, { mock }) => sum + mock.calls.length, 0);
      vi.restoreAllMocks();
      expect(planned.plans).toHaveLength(steps.length);
      expect(count).toBeLessThan(50);
    },
  );

  it.each([2 ** 32 - 1, 2 ** 32, 2 ** 33])('knows what two steps share at the end of %i pages', (pages) => {
    const manager = new RamDiscardManager(pages);
    const definition = { id: 'src_0', name: 'source 0', granularity: PAGE };
    const source = new RamDiscardSource(definition, new PageBitmap(pages));
    manager.addSource(source);
    const last = { start: pages - 1, end: pages };
    const ranges = [{ start: pages - 3, end: pages }, last, { start: 0, end: 2 }];
    const { plans } = manager.planAll(ranges.map((range) => ({ source, range, populate: true })));
    expect(plans.map(({ changed }) => changed)).toEqual([[ranges[0]], [], [ranges[2]]]);
  });

  it('takes the runs of all steps, and of what a listener hears of each, from the budget; beyond it leaves no trace', () => {
    fc.assert(
      fc.property(settings, askedTogether, fc.integer({ min: -2, max: 3 }), (setting, all, spare) => {
        const manager = makeManager(setting);
        const unbounded = makeManager(setting);
        const stateOf = ({ populated, listeners }: RamDiscardManager) => {
          return [[...populated.allRuns(true)], [...listeners.values()].map((listener) => listener.mapped(populated))];
        };
        const before = stateOf(manager);
        const planOf = (planned: RamDiscardManager, budget?: RunBudget): Round[] => {
          const [source] = [...planned.sources.values()];
          if (source === undefined) throw new Error('a manager without a source');
          const { plans } = planned.planAll(
            all.map((step) => ({ source, ...step })),
            budget,
          );
          needed = plans.flatMap(({ changed, effective }) => {
            const heard = planned.callsFor(effective).map(({ runs }) => runs.length);
            return [Math.max(changed.length, effective.length), ...heard];
          });
          return planned.rounds(plans);
        };
        let needed: number[] = [];
        const rounds = planOf(unbounded);
        const sum = needed.reduce((total, runs) => total + runs, 0);
        // Close to what is needed: there a list that was cut short could pass for the whole.
        const limit = Math.max(0, sum + spare);
        const told = (some: readonly Round[]) => callsOf(some).map(({ runs }) => runs);
        if (sum <= limit) expect(told(planOf(manager, new RunBudget(limit)))).toEqual(told(rounds));
        else expect(() => planOf(manager, new RunBudget(limit))).toThrow(`more than ${limit} runs of pages`);
        expect(stateOf(manager)).toEqual(before);
      }),
      { numRuns: 500 },
    );
  });
});

it('refuses a change that other sources cut into more runs than are allowed, and never cuts it short', () => {
  const others = fc.array(fc.array(range, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 2 });
  fc.assert(
    fc.property(others, fc.boolean(), fc.nat({ max: 8 }), (cutting, isStaged, limit) => {
      const manager = makeManager({ populated: [[], ...cutting], dmaMaxMappings: isStaged ? 0 : null });
      const [source] = [...manager.sources.values()];
      if (source === undefined) throw new Error('a manager without a source');
      const steps = [{ source, range: { start: 0, end: PAGES }, populate: true }];
      const runsOf = (budget?: RunBudget) => manager.planAll(steps, budget).plans[0]?.effective;
      const whole = runsOf() ?? [];
      const heard = manager.callsFor(whole).reduce((sum, { runs }) => sum + runs.length, 0);
      if (whole.length + heard > limit) expect(() => runsOf(new RunBudget(limit))).toThrow('runs of pages');
      // Two sources one after the other may cut it into more runs than are left in the end: it is refused then, too.
      else if (limit > 0 && cutting.length === 1) expect(runsOf(new RunBudget(limit))).toEqual(whole);
    }),
    { numRuns: 500 },
  );
});

it('says of the second step of a bitmap what it is behind the first', () => {
  const bitmap = new PageBitmap(8);
  bitmap.set({ start: 2, end: 3 });
  const source = new RamDiscardSource({ id: 's', name: 'ram-block-attributes', granularity: 4096 }, bitmap);
  const manager = new RamDiscardManager(8);
  manager.addSource(source);
  const discards = { source, range: { start: 2, end: 3 }, populate: false, runs: [{ start: 2, end: 3 }] };
  const runs = [
    { start: 1, end: 2 },
    { start: 4, end: 5 },
  ];
  const { plans } = manager.planAll([discards, { source, range: { start: 1, end: 5 }, populate: true, runs }]);
  expect(plans.map(({ from }) => from)).toEqual(['populated', 'discarded']);
});

describe('what other sources have populated', () => {
  const everySecond = (from: number, to: number): PageRange[] => {
    return Array.from({ length: (to - from) / 2 }, (_, index) => ({
      start: from + 2 * index,
      end: from + 2 * index + 1,
    }));
  };
  const whole = { start: 0, end: PAGES };

  it('is all that a change tells of, however little its budget has left', () => {
    const manager = makeManager({ populated: [everySecond(0, 12), [whole]], dmaMaxMappings: null });
    const [source] = manager.sourceList;
    if (source === undefined) throw new Error('a manager without a source');
    const [heard = 0] = manager.callsFor(everySecond(0, 12)).map(({ runs }) => runs.length);
    for (const spare of [0, 1, 3, 5, 6, 100]) {
      const limit = 6 + heard + spare;
      const { plans } = manager.planAll([{ source, range: whole, populate: false }], new RunBudget(limit));
      expect(plans.map(({ effective }) => effective)).toEqual([everySecond(0, 12)]);
    }
  });

  it('is not cut off where one source makes many runs of it, and the next has none of the first of them', () => {
    const manager = makeManager({
      populated: [[whole], everySecond(0, 20), [{ start: 18, end: 19 }]],
      dmaMaxMappings: null,
    });
    const [source] = manager.sourceList;
    if (source === undefined) throw new Error('a manager without a source');
    const planWithin = (limit: number) => {
      return manager.planAll([{ source, range: whole, populate: false }], new RunBudget(limit)).plans[0]?.effective;
    };
    expect(planWithin(20)).toEqual([{ start: 18, end: 19 }]);
    expect(() => planWithin(5)).toThrow('more than 5 runs of pages');
  });
});
