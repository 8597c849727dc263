// Runs of pages as text and back; and the text of a change without them.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { BlockRecord } from '../../src/core/records.ts';
import { packRuns, unpackRuns } from '../../src/journal/packed-runs.ts';
import { readRecord, withoutRuns, writeRecord } from '../../src/journal/record-text.ts';

const runs = fc
  .array(fc.tuple(fc.nat({ max: 2 ** 40 }), fc.integer({ min: 1, max: 2 ** 40 })), { maxLength: 20 })
  .map((all) => {
    let end = 0;
    return all.map(([gap, length]) => {
      const start = end + gap;
      end = start + length;
      return { start, end };
    });
  });

it('come back as they were', () => {
  fc.assert(
    fc.property(runs, (all) => {
      expect(unpackRuns(packRuns(all))).toEqual(all);
    }),
  );
});

it('take few characters each', () => {
  const all = Array.from({ length: 10_000 }, (_, run) => ({ start: 2 * run, end: 2 * run + 1 }));
  expect(packRuns(all).length).toBeLessThan(3 * all.length);
});

it('are cut out of what the history reads, and nothing else is', () => {
  const change = (own: readonly { start: number; end: number }[] | null): BlockRecord => ({
    ramBlockId: 'blk_1',
    kind: 'source-changed',
    sourceId: 'src_1',
    steps: (['private', 'shared'] as const).map((to) => ({
      conversion: {
        ...{ id: `cnv_${to}`, ramBlockId: 'blk_1', offset: 0, size: 8192, to, from: 'mixture', changedBytes: 4096 },
        ...{ changed: [{ offset: 0, size: 4096 }], changedTruncated: false, generation: 7, notified: ['lsn_1'] },
      },
      ...(own === null ? {} : { runs: own }),
    })),
    at: '2026-11-25T19:00:00.000Z',
  });
  fc.assert(
    fc.property(runs, (own) => {
      for (const some of [own, null]) {
        const text = withoutRuns(writeRecord(change(some)));
        expect(readRecord(JSON.parse(text))).toEqual(change(null));
        expect(text).not.toContain('"runs"');
      }
    }),
  );
});
