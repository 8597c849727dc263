// What the charts show: rates and latencies over time; and how many reasons become few readings.
import { describe, expect, it } from 'vitest';
import { Coalescer } from '../../src/ui/model/coalescer.ts';
import { History, latest } from '../../src/ui/model/history.ts';
import { quantile, readHistogram, since } from '../../src/ui/model/latency.ts';
import { block, listener } from './samples.ts';

/** A clock that a test moves, and what waits for it. */
function makeClock() {
  const waiting: { at: number; run: () => void }[] = [];
  let now = 0;
  return {
    now: () => now,
    later: (run: () => void, ms: number) => waiting.push({ at: now + ms, run }),
    async advance(ms: number) {
      const end = now + ms;
      for (;;) {
        waiting.sort((a, b) => a.at - b.at);
        const [next] = waiting;
        if (next === undefined || next.at > end) break;
        waiting.shift();
        now = next.at;
        next.run();
        await settled();
      }
      now = end;
    },
  };
}

/** Lets promises that are resolved go on. */
const settled = () => new Promise(setImmediate);

describe('a coalescer', () => {
  it('makes few runs of many reasons, and one after the last', async () => {
    const clock = makeClock();
    let reason = 0;
    const seen: number[] = [];
    const coalescer = new Coalescer(async () => void seen.push(reason), { restMs: 50, ...clock });
    for (; reason < 1000; reason++) {
      coalescer.ask();
      await clock.advance(1);
    }
    await clock.advance(1000);
    expect(seen.length).toBeGreaterThan(15);
    expect(seen.length).toBeLessThanOrEqual(21);
    expect(seen.at(-1)).toBeGreaterThanOrEqual(999);
  });

  it('never runs twice at once, rests as long as a run took, and runs again for what came meanwhile', async () => {
    const clock = makeClock();
    let running = 0;
    const begun: number[] = [];
    const coalescer = new Coalescer(
      async () => {
        begun.push(clock.now());
        expect(++running).toBe(1);
        await new Promise<void>((resolve) => clock.later(resolve, 300));
        running--;
      },
      { restMs: 50, ...clock },
    );
    coalescer.ask();
    await clock.advance(100);
    coalescer.ask();
    await clock.advance(2000);
    expect(begun).toEqual([0, 600]);
  });

  it('is not stopped by a failure', async () => {
    const clock = makeClock();
    const errors: unknown[] = [];
    let runs = 0;
    const run = async () => {
      if (runs++ === 0) throw new Error('once');
    };
    const coalescer = new Coalescer(run, { restMs: 10, ...clock, onError: (error) => errors.push(error) });
    coalescer.ask();
    await settled();
    coalescer.ask();
    await clock.advance(100);
    expect([runs, errors.length]).toEqual([2, 1]);
  });
});

describe('the history of a block', () => {
  it('has rates a second, whatever the time between rows is', () => {
    const history = new History();
    history.endRow([block], [], 0);
    for (let n = 0; n < 500; n++) history.countCommitted(block.id);
    for (const code of ['listener-refused', 'mapping-limit', 'listener-unreachable'])
      history.countFailed(block.id, code);
    history.endRow([block], [listener({ mapped: { bytes: 0, runs: 3, mappings: 7 } })], 2000);
    history.endRow([block], [], 3000);
    expect(history.rowsOf(block.id).slice(1)).toEqual([
      {
        at: 2,
        committed: 250,
        refused: 1,
        failed: 0.5,
        populatedBytes: 0,
        listeners: { lsn_1: { bytes: 0, runs: 3, mappings: 7 } },
      },
      { at: 3, committed: 0, refused: 0, failed: 0, populatedBytes: 0, listeners: {} },
    ]);
  });

  it('ends: ten minutes at least are kept, and not for ever; blocks that are gone are forgotten', () => {
    const history = new History();
    for (let second = 0; second < 5000; second++) {
      history.endRow([block], [], second * 1000);
      history.addLatency({ at: second, p50: 1, p99: 2 });
    }
    for (const rows of [history.rowsOf(block.id), history.latencies]) {
      expect(rows.length).toBeGreaterThanOrEqual(600);
      expect(rows.length).toBeLessThan(1200);
      expect(latest<{ readonly at: number }>(rows, 60)).toHaveLength(61);
    }
    expect(latest([], 60)).toEqual([]);
    history.keepOnly(new Set());
    expect(history.rowsOf(block.id)).toEqual([]);
  });
});

describe('the latency of callbacks', () => {
  const metrics = (type: string, counts: readonly number[]) =>
    ['0.001', '0.01', '0.1', '+Inf']
      .map((le, n) => `rba_delivery_attempt_duration_seconds_bucket{le="${le}",type="${type}"} ${counts[n]}`)
      .join('\n');

  it('is read out of the metrics, of both directions together', () => {
    const text = `# HELP x\n${metrics('ram_block.populate', [1, 2, 3, 3])}\n${metrics('ram_block.discard', [0, 1, 1, 2])}\nother 5`;
    const histogram = readHistogram(text);
    expect([...histogram]).toEqual([
      [0.001, 1],
      [0.01, 3],
      [0.1, 4],
      [Number.POSITIVE_INFINITY, 5],
    ]);
  });

  it('is of what came since the last reading, and of everything after a restart', () => {
    const before = readHistogram(metrics('a', [1, 2, 3, 3]));
    const now = readHistogram(metrics('a', [5, 7, 9, 10]));
    expect([...since(before, now).values()]).toEqual([4, 5, 6, 7]);
    expect([...since(now, before).values()]).toEqual([1, 2, 3, 3]);
  });

  it('is interpolated within its bucket', () => {
    const histogram = readHistogram(metrics('a', [50, 100, 100, 100]));
    expect(quantile(histogram, 0.25)).toBeCloseTo(0.5);
    expect(quantile(histogram, 0.5)).toBeCloseTo(1);
    expect(quantile(histogram, 0.75)).toBeCloseTo(5.5);
    expect(quantile(readHistogram(metrics('a', [0, 0, 0, 4])), 0.5)).toBe(100);
    expect(quantile(readHistogram(''), 0.5)).toBeNull();
    expect(quantile(readHistogram(metrics('a', [0, 0, 0, 0])), 0.99)).toBeNull();
  });
});
