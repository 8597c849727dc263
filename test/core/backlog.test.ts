// What an async listener is owed, counted in runs: beside a count of the pending deliveries themselves.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Backlog } from '../../src/core/backlog.ts';
import { PageBitmap } from '../../src/core/page-bitmap.ts';

const PAGES = 64;
const ABOUT = { reason: 'conversion', conversionId: null, generation: 1, at: '' } as const;

const runs = (count: number) => Array.from({ length: count }, (_, run) => ({ start: 2 * run, end: 2 * run + 1 }));
const command = fc.oneof(
  fc.record({ kind: fc.constant('add'), runs: fc.nat(9) }),
  fc.record({ kind: fc.constantFrom('acknowledge', 'skip', 'want', 'begin', 'drop', 'restart'), runs: fc.nat(9) }),
);

it('knows the runs that a replay would save', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      let backlog = Backlog.empty(PAGES, 3, { reason: 'registration', since: '' });
      const populated = PageBitmap.full(PAGES);
      for (const { kind, runs: count } of commands) {
        const { acknowledged } = backlog;
        if (kind === 'add') backlog.add(true, runs(count), ABOUT);
        else if (kind === 'acknowledge') backlog.acknowledge(Math.min(acknowledged + count, backlog.last));
        else if (kind === 'skip') backlog.skip(acknowledged + 1, populated, ABOUT);
        else if (kind === 'want') backlog.want(acknowledged, '');
        else if (kind === 'begin') backlog.begin({ start: 0, end: PAGES }, runs(count), ABOUT);
        else if (kind === 'drop') backlog.drop(acknowledged + 1);
        else {
          const { failingSince, wanted, pending, replayThrough, mapped, reach } = backlog;
          backlog = new Backlog({ acknowledged, failingSince, wanted, pending, replayThrough, mapped, reach }, 3);
        }
        const behind = backlog.pending.filter((_, index) => backlog.acknowledged + index + 1 > backlog.replayThrough);
        expect(backlog.runsBehind).toBe(behind.reduce((sum, { runs: own }) => sum + own.length, 0));
      }
    }),
    { numRuns: 500 },
  );
});
