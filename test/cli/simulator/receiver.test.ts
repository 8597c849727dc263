import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { DmaTraffic } from '../../../src/cli/simulator/dma-traffic.ts';
import { seededRandom } from '../../../src/cli/simulator/random.ts';
import { Receiver, type ReceiverOptions } from '../../../src/cli/simulator/receiver.ts';
import { KEPT_VIOLATIONS, ViolationLog } from '../../../src/cli/simulator/violations.ts';
import { REMEMBERED_ANSWERS } from '../../../src/client/answer-memory.ts';
import { discard, PAGE, pages, populate } from './webhooks.ts';

let violations: ViolationLog;
let receiver: Receiver;

function start(options: Partial<ReceiverOptions> = {}): void {
  violations = new ViolationLog(() => 0);
  receiver = new Receiver(
    { mode: 'sync', dmaMaxMappings: 65_535, memlock: null, refuseAfter: null, ...options },
    violations,
  );
}

beforeEach(() => start());

const mappedPages = () => receiver.container.mappedBytes / PAGE;
const kinds = () => violations.summary().first.map(({ kind }) => kind);

describe('mapping', () => {
  it('maps what is populated and unmaps what is discarded', () => {
    expect(receiver.handle('1', populate(1, [pages(0, 4), pages(8, 9)]))).toEqual({ status: 204, problem: null });
    expect(receiver.container.mappings).toBe(5);
    expect(receiver.handle('2', discard(2, [pages(1, 9)])).status).toBe(204);
    expect(mappedPages()).toBe(1);
    expect(receiver.counts).toEqual({ populate: 1, discard: 1, repeated: 0, fenced: 0, refused: 0 });
    expect(violations.count).toBe(0);
  });

  it('acknowledges a discard of what is not mapped', () => {
    expect(receiver.handle('1', discard(1, [pages(0, 1000)])).status).toBe(204);
    expect(violations.count).toBe(0);
  });

  it('maps at the granularity of the delivery until it is set', () => {
    receiver.handle('1', populate(1, [pages(0, 8)], { granularity: 4 * PAGE }));
    expect(receiver.container.mappings).toBe(2);
    receiver.setGranularity(PAGE);
    receiver.handle('2', populate(2, [pages(8, 16)], { granularity: 4 * PAGE }));
    expect(receiver.container.mappings).toBe(10);
  });

  it('refuses with ENOSPC at the limit and takes back what the delivery had mapped', () => {
    start({ dmaMaxMappings: 6 });
    receiver.handle('1', populate(1, [pages(0, 4)]));
    const answer = receiver.handle('2', populate(2, [pages(10, 11), pages(20, 30)]));
    expect(answer).toMatchObject({ status: 409, problem: { status: 409, errno: 'ENOSPC' } });
    expect(answer.problem?.detail).toContain('--dma-max-mappings allows 6');
    expect(mappedPages()).toBe(4);
    expect(receiver.counts.refused).toBe(1);
    expect(violations.count).toBe(0);
  });

  it('refuses every populate after so many accepted ones, and discards nevertheless', () => {
    start({ refuseAfter: 1, dmaMaxMappings: 4 });
    expect(receiver.handle('1', populate(1, [pages(0, 9)])).problem?.errno).toBe('ENOSPC');
    expect(receiver.handle('2', populate(2, [pages(0, 1)])).status).toBe(204);
    expect(receiver.handle('3', populate(3, [pages(1, 2)])).problem).toMatchObject({
      errno: 'EPERM',
      detail: 'told to refuse after 1 accepted populates (--refuse-after)',
    });
    expect(receiver.handle('4', discard(4, [pages(0, 1)])).status).toBe(204);
    expect(receiver.handle('5', populate(5, [pages(1, 2)])).problem?.errno).toBe('EPERM');
  });

  it('serves one block at a time', () => {
    receiver.handle('1', populate(1, [pages(0, 1)]));
    const other = { ramBlockId: 'other', listenerId: 'other' };
    expect(receiver.handle('2', populate(1, [pages(0, 1)], other)).problem?.errno).toBe('EBUSY');
    expect(receiver.handle('3', discard(2, [pages(0, 1)], other)).status).toBe(204);
    expect(mappedPages()).toBe(1);
    receiver.handle('4', discard(2, [pages(0, 1)]));
    expect(receiver.handle('5', populate(3, [pages(5, 6)], other)).status).toBe(204);
  });
});

describe('what a kernel would not forgive', () => {
  it('reports and refuses mapping what is mapped, also after the reasons that settle', () => {
    receiver.handle('1', populate(1, [pages(0, 4)]));
    const answer = receiver.handle('second', populate(2, [pages(8, 9), pages(3, 6)], { reason: 'recovery' }));
    expect(answer).toMatchObject({ status: 409, problem: { errno: 'EEXIST' } });
    expect(mappedPages()).toBe(4);
    expect(violations.summary()).toEqual({
      count: 1,
      byKind: { 'mapped-twice': 1 },
      first: [
        {
          kind: 'mapped-twice',
          time: '1970-01-01T00:00:00.000Z',
          deliveryId: 'second',
          sequence: 2,
          section: { offsetWithinRegion: 3 * PAGE, size: PAGE },
          text: 'mapping 0x3000+0x1000 overlaps the mapping 0x3000+0x1000',
        },
      ],
    });
  });

  it('lets a replay populate what a discard has unmapped', () => {
    receiver.handle('1', populate(1, [pages(0, 4)]));
    receiver.handle('2', discard(2, [pages(0, 100)], { reason: 'replay' }));
    expect(receiver.handle('3', populate(3, [pages(0, 4)], { reason: 'replay' })).status).toBe(204);
    expect(violations.count).toBe(0);
  });

  it('reports a discard that would cut a mapping, and unmaps just what it says', () => {
    receiver.handle('1', populate(1, [pages(0, 8)], { granularity: 8 * PAGE }));
    expect(receiver.handle('2', discard(2, [pages(2, 3)])).status).toBe(204);
    expect(kinds()).toEqual(['unmap-would-cut']);
    expect(violations.summary().first[0]?.text).toBe('discarding 0x2000+0x1000 would cut the mapping 0x0+0x8000');
    expect(mappedPages()).toBe(7);
  });

  it('reports an address that does not move along with the offset', () => {
    receiver.handle('1', populate(1, [pages(0, 1, 2 ** 32), pages(4, 5, 2 ** 32)]));
    expect(violations.count).toBe(0);
    receiver.handle('2', discard(2, [{ ...pages(4, 5), offsetWithinAddressSpace: 2 ** 32 }]));
    expect(kinds()).toEqual(['wrong-address']);
    // Another listener of the block may lie elsewhere.
    receiver.handle('3', populate(1, [pages(100, 101)], { listenerId: 'other' }));
    expect(violations.count).toBe(1);
  });

  it('reports DMA to pages that are not mapped', () => {
    receiver.handle('1', populate(1, [pages(10, 15)]));
    const dma = new DmaTraffic(receiver.container, violations, seededRandom(1));
    const section = { offset: 10 * PAGE, size: 10 * PAGE };
    for (let i = 0; i < 1000; i++) dma.touch(section);
    const { hits, faults } = dma.counts;
    expect(hits + faults).toBe(1000);
    expect(Math.abs(hits - faults)).toBeLessThan(200);
    expect(violations.summary().byKind).toEqual({ 'dma-fault': faults });
    const touched = new Set(violations.summary().first.map((violation) => violation.section?.offsetWithinRegion));
    expect([...touched].sort()).toEqual([15, 16, 17, 18, 19].map((page) => page * PAGE));
  });

  it('keeps the first violations and counts them all', () => {
    for (let i = 0; i < KEPT_VIOLATIONS + 10; i++) violations.record('dma-fault', String(i));
    const { count, first } = violations.summary();
    expect(count).toBe(KEPT_VIOLATIONS + 10);
    expect(first).toHaveLength(KEPT_VIOLATIONS);
    expect(first.at(-1)?.text).toBe(String(KEPT_VIOLATIONS - 1));
  });
});

describe('repeated and late deliveries', () => {
  it('answers a repeated id as before without acting', () => {
    start({ dmaMaxMappings: 1 });
    const refused = receiver.handle('1', populate(1, [pages(0, 2)]));
    receiver.handle('2', populate(2, [pages(0, 1)]));
    receiver.handle('3', discard(3, [pages(0, 1)]));
    expect(receiver.handle('1', populate(1, [pages(0, 2)]))).toEqual(refused);
    expect(receiver.handle('2', populate(2, [pages(0, 1)])).status).toBe(204);
    expect(mappedPages()).toBe(0);
    expect(receiver.counts).toEqual({ populate: 2, discard: 1, repeated: 2, fenced: 0, refused: 1 });
  });

  it('forgets the oldest ids', () => {
    for (let i = 1; i <= REMEMBERED_ANSWERS + 1; i++) receiver.handle(String(i), discard(i, []));
    receiver.handle('2', discard(2, []));
    expect(receiver.counts.repeated).toBe(1);
    receiver.handle('1', discard(1, []));
    expect(receiver.counts).toMatchObject({ repeated: 1, fenced: 1 });
  });

  it('does nothing with a late copy of what was given up', () => {
    receiver.handle('1', populate(1, [pages(0, 1)]));
    // 2 was given up: what settles it says so.
    receiver.handle('3', discard(3, [pages(4, 5)], { reason: 'recovery', settledThrough: 2 }));
    const late = receiver.handle('2', populate(2, [pages(4, 5)]));
    expect(late).toMatchObject({ status: 409, problem: { errno: 'ESTALE' } });
    expect(late.problem?.detail).toBe('sequence 2 is not above 2, the highest settledThrough processed');
    expect(mappedPages()).toBe(1);
    expect(receiver.counts).toMatchObject({ populate: 1, fenced: 1 });
  });

  it('takes note of settledThrough in a refused delivery too, and never goes back', () => {
    start({ refuseAfter: 0 });
    receiver.handle('5', populate(5, [pages(0, 1)], { settledThrough: 4 }));
    receiver.handle('6', discard(6, [pages(0, 1)], { settledThrough: 2 }));
    expect(receiver.order?.settledThrough).toBe(4);
    expect(receiver.handle('4', discard(4, [pages(0, 1)])).status).toBe(409);
  });

  it('fences each listener for itself', () => {
    receiver.handle('1', populate(9, [pages(0, 1)]));
    const again = { listenerId: 'registered again' };
    expect(receiver.handle('2', populate(1, [pages(1, 2)], again)).status).toBe(204);
    expect(receiver.order?.lastSequence).toBe(1);
  });
});

describe('sequence gaps', () => {
  const settled = { settledThrough: 0 };

  it('takes the first sequence seen as the start', () => {
    receiver.handle('7', populate(7, [pages(0, 1)]));
    receiver.handle('8', discard(8, [pages(0, 1)]));
    receiver.end();
    expect(receiver.pendingGaps).toEqual([]);
    expect(violations.count).toBe(0);
  });

  it('waits for a recovery above the gap', () => {
    receiver.handle('1', populate(1, [pages(0, 1)]));
    receiver.handle('4', populate(4, [pages(1, 2)]));
    expect(receiver.pendingGaps).toEqual([{ from: 2, to: 3 }]);
    receiver.handle('5', discard(5, [pages(1, 2)], { reason: 'rollback' }));
    expect(receiver.pendingGaps).toEqual([{ from: 2, to: 3 }]);
    receiver.handle('6', discard(6, [pages(1, 2)], { reason: 'recovery' }));
    expect(receiver.pendingGaps).toEqual([]);
    receiver.end();
    expect(violations.count).toBe(0);
  });

  it('is closed by the very recovery that shows it', () => {
    receiver.handle('1', populate(1, [pages(0, 1)]));
    receiver.handle('3', discard(3, [pages(0, 1)], { reason: 'recovery' }));
    expect(receiver.pendingGaps).toEqual([]);
  });

  it('is a violation when nothing followed at the end', () => {
    receiver.handle('1', populate(1, [pages(0, 1)]));
    receiver.handle('3', populate(3, [pages(1, 2)]));
    expect(violations.count).toBe(0);
    receiver.end();
    expect(violations.summary().first).toMatchObject([{ kind: 'sequence-gap', sequence: 2 }]);
  });

  it('is over with the last discard of the listener, and with no other discard', () => {
    receiver.handle('1', populate(1, [pages(0, 1)]));
    receiver.handle('4', discard(4, [pages(0, 1)], { reason: 'replay' }));
    expect(receiver.pendingGaps).toEqual([{ from: 2, to: 3 }]);
    receiver.handle('7', discard(7, [pages(0, 16)], { reason: 'unregistration' }));
    receiver.end();
    expect(receiver.pendingGaps).toEqual([]);
    expect(violations.count).toBe(0);
  });

  it('shrinks when a missing delivery comes after all', () => {
    receiver.handle('1', discard(1, [], settled));
    receiver.handle('6', discard(6, [], settled));
    receiver.handle('4', discard(4, [], settled));
    expect(receiver.pendingGaps).toEqual([
      { from: 2, to: 3 },
      { from: 5, to: 5 },
    ]);
    receiver.handle('recovery', discard(3, [], { ...settled, reason: 'recovery' }));
    expect(receiver.pendingGaps).toEqual([{ from: 5, to: 5 }]);
  });

  it('are what a list of numbers says, for any order of arrival', () => {
    const some = fc.record({ sequence: fc.integer({ min: 1, max: 30 }), isRecovery: fc.boolean() });
    fc.assert(
      fc.property(fc.uniqueArray(some, { selector: ({ sequence }) => sequence }), (arrivals) => {
        start();
        const missing = new Set<number>();
        const seen: number[] = [];
        for (const { sequence, isRecovery } of arrivals) {
          const reason = isRecovery ? 'recovery' : 'conversion';
          receiver.handle(String(sequence), discard(sequence, [], { ...settled, reason }));
          const last = Math.max(...seen, seen.length === 0 ? sequence : 0);
          for (let number = last + 1; number < sequence; number++) missing.add(number);
          missing.delete(sequence);
          seen.push(sequence);
          if (isRecovery) for (const number of [...missing]) if (number < sequence) missing.delete(number);
          const pending = receiver.pendingGaps.flatMap(({ from, to }) =>
            Array.from({ length: to - from + 1 }, (_, i) => from + i),
          );
          expect(pending).toEqual([...missing].sort((a, b) => a - b));
        }
      }),
    );
  });
});
