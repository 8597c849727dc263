// Views: what a listener's costs, however much of it is not settled, and how records become conversions.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PageBitmap } from '../../src/core/page-bitmap.ts';
import { RamBlock } from '../../src/core/ram-block.ts';
import { asOneAnswer, type Change, conversionsOf, listenerView, unknownSections } from '../../src/service/views.ts';
import { listenerDefinition, PAGE } from '../support/listener-definitions.ts';

const RUNS = 20_000;
const SHOWN = 1000;

afterEach(() => {
  vi.restoreAllMocks();
});

/** A block and a listener of it that has every other page in an unknown state, and every fourth one mapped. */
function unsettled() {
  const usedLength = 4 * RUNS * PAGE;
  const block = new RamBlock({
    id: 'blk',
    machine: 'm',
    idstr: 'ram',
    ramAddr: 0,
    gpa: null,
    usedLength,
    maxLength: usedLength,
    pageSize: PAGE,
    resizeable: false,
    guestMemfd: true,
    createdAt: '',
  });
  const populated = Array.from({ length: 2 * RUNS }, (_, run) => ({ start: 2 * run, end: 2 * run + 1 }));
  const definition = { id: 'src', name: 'ram-block-attributes', granularity: PAGE };
  block.manager.addSource(block.makeSource(definition, populated));
  const listener = block.makeListener(listenerDefinition({ granularity: 4 * PAGE }), '');
  listener.phase = 'active';
  block.manager.addListener(listener);
  const unknown = Array.from({ length: RUNS }, (_, run) => ({ start: 4 * run, end: 4 * run + 1 }));
  listener.noteOutcome({ listenerId: 'lsn', lastSequence: 1, unknown });
  return { block, listener };
}

it('counts what is not settled, and lists the first of it', () => {
  const { block, listener } = unsettled();
  const { mapped, unsettled: shown } = listenerView(listener, block);
  expect(mapped).toEqual({ bytes: RUNS * PAGE, runs: RUNS, mappings: RUNS });
  expect(shown).toMatchObject({ bytes: RUNS * PAGE, runs: RUNS, unknownBytes: RUNS * PAGE });
  expect(shown.sections).toHaveLength(SHOWN);
  expect(shown.sections.slice(0, 2)).toEqual([
    { offset: 0, size: PAGE },
    { offset: 4 * PAGE, size: PAGE },
  ]);
});

it('looks at no more runs than it shows', () => {
  const { block, listener } = unsettled();
  const next = vi.spyOn(PageBitmap.prototype, 'next');
  const listRuns = vi.spyOn(PageBitmap.prototype, 'listRuns');
  listenerView(listener, block);
  unknownSections(listener, PAGE);
  // Two looks a run, for its start and for its end; in the view and in the list of a problem.
  expect(next.mock.calls.length).toBeLessThan(5 * SHOWN);
  expect(listRuns).not.toHaveBeenCalled();
});

describe('conversionsOf', () => {
  const change: Change = {
    ramBlockId: 'blk',
    kind: 'source-changed',
    sourceId: 'src',
    isConversion: true,
    generation: 7,
    steps: [
      {
        id: 'cnv_1',
        range: { start: 1, end: 9 },
        populate: true,
        from: 'mixture',
        changed: [
          { start: 1, end: 2 },
          { start: 4, end: 8 },
        ],
        changedPages: 5,
        notified: ['lsn'],
      },
    ],
  };

  /** A step that turns every other page of `runs`. */
  const scattered = (runs: number) => ({
    ...{ id: 'cnv', range: { start: 0, end: 2 * runs }, populate: false, from: 'mixture' as const, notified: [] },
    changed: Array.from({ length: runs }, (_, run) => ({ start: 2 * run, end: 2 * run + 1 })),
    changedPages: runs,
  });

  it('says in bytes and in the words of the contract what is recorded in pages', () => {
    expect(conversionsOf(change, PAGE)).toEqual([
      {
        ...{ id: 'cnv_1', ramBlockId: 'blk', offset: PAGE, size: 8 * PAGE, to: 'shared', from: 'mixture' },
        changedBytes: 5 * PAGE,
        changed: [
          { offset: PAGE, size: PAGE },
          { offset: 4 * PAGE, size: 4 * PAGE },
        ],
        ...{ changedTruncated: false, generation: 7, notified: ['lsn'] },
      },
    ]);
  });

  it.each([
    [true, true, 'discarded', 'shared', 'private'],
    [true, false, 'populated', 'private', 'shared'],
    [false, true, 'discarded', 'populated', 'discarded'],
    [false, false, 'populated', 'discarded', 'populated'],
  ] as const)('conversion %s, populate %s, from %s: to %s from %s', (isConversion, populate, from, to, was) => {
    const steps = change.steps.map((step) => ({ ...step, populate, from }));
    expect(conversionsOf({ ...change, isConversion, steps }, PAGE)).toMatchObject([{ to, from: was }]);
  });

  it('shows the first 1,000 runs of a conversion, and all of its bytes', () => {
    const [exactly, more] = conversionsOf({ ...change, steps: [scattered(1000), scattered(1001)] }, PAGE);
    expect([exactly?.changed.length, exactly?.changedTruncated]).toEqual([1000, false]);
    expect([more?.changed.length, more?.changedTruncated, more?.changedBytes]).toEqual([1000, true, 1001 * PAGE]);
  });

  it('shows 65,536 runs of all conversions of an answer', () => {
    const all = conversionsOf({ ...change, steps: Array.from({ length: 70 }, () => scattered(1000)) }, PAGE);
    expect(all.reduce((sum, { changed }) => sum + changed.length, 0)).toBe(65_536);
    expect(all.map(({ changed }) => changed.length).slice(64, 67)).toEqual([1000, 536, 0]);
    expect(all.map(({ changedTruncated }) => changedTruncated).slice(64, 67)).toEqual([false, true, true]);
  });

  it('is complete where a record of the older format has the first runs only, and says that more changed', () => {
    const steps = change.steps.map((step) => ({ ...step, changedPages: 6 }));
    expect(conversionsOf({ ...change, steps }, PAGE)).toMatchObject([
      { changedBytes: 6 * PAGE, changedTruncated: true },
    ]);
  });

  it('asOneAnswer cuts what several changes show together as one change would', () => {
    const steps = Array.from({ length: 70 }, () => scattered(1000));
    const apart = steps.flatMap((step) => conversionsOf({ ...change, steps: [step] }, PAGE));
    expect(asOneAnswer(apart)).toEqual(conversionsOf({ ...change, steps }, PAGE));
  });
});
