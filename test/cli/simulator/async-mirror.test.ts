// The receiver as an async listener: a mirror that comes to the populated pages whatever happens on the way.
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Receiver } from '../../../src/cli/simulator/receiver.ts';
import { ViolationLog } from '../../../src/cli/simulator/violations.ts';
import { byDepth } from '../../support/depth.ts';
import { AsyncDeliveries, type AsyncListenerOptions, type Outcome } from './async-deliveries.ts';
import { discard, PAGE, pages, populate } from './webhooks.ts';

const PAGES = 16;

let violations: ViolationLog;
let receiver: Receiver;

function start(): void {
  violations = new ViolationLog(() => 0);
  receiver = new Receiver({ mode: 'async', dmaMaxMappings: 4, memlock: 2 * PAGE, refuseAfter: 0 }, violations);
}

beforeEach(start);

const kinds = () => violations.summary().byKind;

/** The mapped ones of the first {@link PAGES} pages. */
function mappedPages(): number[] {
  return Array.from({ length: PAGES }, (_, page) => page).filter((page) => receiver.container.isMapped(page * PAGE));
}

describe('an async mirror', () => {
  it('has nothing to do for what is mapped, and maps the rest at the granularity', () => {
    receiver.handle('1', populate(1, [pages(2, 6)], { granularity: 4 * PAGE }));
    expect(receiver.container.mappings).toBe(2);
    expect(receiver.handle('2', populate(2, [pages(0, 12)], { granularity: 4 * PAGE })).status).toBe(204);
    // 2-3 and 4-5 as they were; 0-1, 6-7 and 8-11.
    expect(receiver.container.mappings).toBe(5);
    expect(mappedPages()).toEqual(Array.from({ length: 12 }, (_, page) => page));
    receiver.handle('3', populate(3, [pages(0, 12)], { granularity: PAGE }));
    expect(receiver.container.mappings).toBe(5);
    receiver.handle('4', discard(4, [pages(0, 8)]));
    expect(mappedPages()).toEqual([8, 9, 10, 11]);
    expect(violations.count).toBe(0);
  });

  it('refuses nothing, whatever it would be allowed as a sync listener', () => {
    expect(receiver.handle('1', populate(1, [pages(0, 100_000)])).status).toBe(204);
    expect(receiver.container.peakMappings).toBe(100_000);
    expect(receiver.counts).toMatchObject({ populate: 1, refused: 0 });
    expect(violations.count).toBe(0);
  });

  it('accepts and reports what it cannot map: pages of another block', () => {
    receiver.handle('1', populate(1, [pages(0, 1)]));
    const other = { ramBlockId: 'other', listenerId: 'other' };
    expect(receiver.handle('2', populate(1, [pages(4, 5)], other)).status).toBe(204);
    expect(mappedPages()).toEqual([0]);
    expect(violations.summary().first).toMatchObject([
      { kind: 'not-mapped', text: 'it has mappings of RAM block block; start one simulator a block' },
    ]);
  });

  it('answers what comes again as before, and a late copy of what was given up with 409', () => {
    receiver.handle('1', populate(1, [pages(0, 1)]));
    receiver.handle('2', discard(2, [pages(0, 1)]));
    expect(receiver.handle('1', populate(1, [pages(0, 1)])).status).toBe(204);
    expect(receiver.handle('2', discard(2, [pages(0, 1)])).status).toBe(204);
    receiver.handle('4', discard(4, [pages(4, 5)], { reason: 'recovery' }));
    expect(receiver.handle('3', populate(3, [pages(4, 5)])).problem?.errno).toBe('ESTALE');
    expect(mappedPages()).toEqual([]);
    expect(receiver.counts).toMatchObject({ populate: 1, discard: 2, repeated: 2, fenced: 1 });
    expect(violations.count).toBe(0);
  });

  it('reports a delivery that was overtaken', () => {
    receiver.handle('1', populate(1, [pages(0, 1)]));
    receiver.handle('3', discard(3, [pages(0, 1)], { settledThrough: 1 }));
    expect(receiver.handle('2', populate(2, [pages(4, 5)], { settledThrough: 1 })).status).toBe(204);
    expect(violations.summary().first).toMatchObject([
      { kind: 'out-of-order', deliveryId: '2', sequence: 2, text: 'new delivery 2 came after delivery 3' },
    ]);
  });

  it.each([
    ['recovery', discard],
    ['recovery', populate],
    ['replay', discard],
    ['unregistration', discard],
  ])('misses nothing once the reason %s followed', (reason, type) => {
    receiver.handle('1', populate(1, [pages(0, 1)]));
    receiver.handle('4', populate(4, [pages(1, 2)]));
    expect(receiver.pendingGaps).toEqual([{ from: 2, to: 3 }]);
    receiver.handle('6', type(6, [pages(0, 8)], { reason }));
    receiver.end();
    expect(violations.count).toBe(0);
  });

  it.each([
    ['replay', populate],
    ['registration', populate],
    ['conversion', discard],
  ])('misses what only the reason %s follows', (reason, type) => {
    receiver.handle('1', populate(1, [pages(0, 1)]));
    receiver.handle('3', type(3, [pages(1, 2)], { reason }));
    receiver.end();
    expect(violations.summary().first).toMatchObject([
      { kind: 'sequence-gap', text: 'deliveries 2 to 2 never came and no recovery or replay followed' },
    ]);
  });
});

const someRun = fc
  .tuple(fc.nat({ max: PAGES - 1 }), fc.integer({ min: 1, max: PAGES }))
  .map(([start, count]) => ({ start, end: Math.min(start + count, PAGES) }));
const someOutcome = fc.constantFrom<Outcome>(
  ...(['accepted', 'answer lost', 'lost', 'late', 'accepted, with a late copy'] as const),
);
const someStep = fc.oneof(
  { weight: 8, arbitrary: fc.record({ convert: someRun, type: fc.constantFrom('populate', 'discard') }) },
  { weight: 7, arbitrary: fc.record({ attempt: someOutcome }) },
  { weight: 2, arbitrary: fc.record({ arrive: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ skip: fc.constantFrom('next', 'behind', 'behind, as it is now') }) },
  { weight: 1, arbitrary: fc.record({ collapse: fc.constantFrom('giving up', 'trying on') }) },
  { weight: 1, arbitrary: fc.record({ restart: fc.integer({ min: 0, max: 5 }) }) },
);
type Step = typeof someStep extends fc.Arbitrary<infer T> ? T : never;

function take(service: AsyncDeliveries, step: Step): void {
  if ('convert' in step) service.convert(step.convert, step.type);
  else if ('attempt' in step) expect(service.attempt(step.attempt)?.status ?? 204).toBe(204);
  else if ('arrive' in step) service.arrive(step.arrive);
  else if ('skip' in step) service.skip(step.skip);
  else if ('collapse' in step) service.collapse(step.collapse === 'giving up');
  else service.restart(step.restart);
}

const someOptions = fc.record<AsyncListenerOptions>({
  pages: fc.constant(PAGES),
  section: fc.constantFrom({ start: 0, end: PAGES }, { start: 3, end: 13 }),
  maxSections: fc.constantFrom(1, 3, 512),
  granularity: fc.constantFrom(PAGE, PAGE, 4 * PAGE),
});

describe('whatever is lost, repeated, late, skipped, replayed or forgotten', () => {
  it('ends with the populated pages mapped, and acts on nothing that comes too late', () => {
    fc.assert(
      fc.property(someOptions, fc.array(someStep, { maxLength: 60 }), (options, steps) => {
        start();
        const service = new AsyncDeliveries(options, (id, delivery) => receiver.handle(id, delivery));
        for (const step of steps) take(service, step);
        expect(service.drain().filter((status) => status !== 204)).toEqual([]);
        expect(mappedPages()).toEqual(service.populated);
        const { populate: populates, discard: discards } = receiver.counts;
        service.arriveAll();
        expect(mappedPages()).toEqual(service.populated);
        expect(receiver.counts).toMatchObject({ populate: populates, discard: discards });
        receiver.end();
        // Mappings larger than a page are cut by conversions of a page, with a sync listener just as well.
        if (options.granularity > PAGE) expect(violations.count).toBe(kinds()['unmap-would-cut'] ?? 0);
        else expect(kinds()).toEqual({});
      }),
      { numRuns: byDepth(300, 4000) },
    );
  });
});
